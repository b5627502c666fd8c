// A phone with the guide's button on its screen. The component is drawn once, as on a screen that stays.
import { drawn } from "react-native";
import { renderToString } from "react-dom/server";
import { PayButton } from "./PayButton.jsx";
import { configure } from "./payments/paymentService.js";

const { BACKEND_URL, SCRIPT } = process.env;
const { order, price, presses } = JSON.parse(SCRIPT);
configure({ backendUrl: BACKEND_URL, publishableKey: "pk_test_sandbox", baseDelayMilliseconds: 1 });

const sessions = [];
renderToString(<PayButton order={order} price={price} onSession={(session) => sessions.push(session)} />);
for (const person of presses) {
  globalThis.person = person;
  await drawn.button.onPress();
}
console.log(JSON.stringify({ title: drawn.button.title, alerts: drawn.alerts, sessions }));
