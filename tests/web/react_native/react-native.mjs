// Stands in for react-native: what the guide's component draws and says is kept, so that a test can press and read it.

export const drawn = { alerts: [], button: null };

export function Button(props) {
  drawn.button = props;
  return null;
}

export const Alert = {
  alert(title, message) {
    drawn.alerts.push([title, message]);
  },
};
