// Frames of the sandbox inside the shop's page. A card's digits live in one and never leave it: the page around it
// asks, and hears what became of it.

const SCRIPT = document.currentScript;
const BASE = new URL(SCRIPT.src).origin;
const LOAD_SECONDS = 15;
const NOT_REACHED = {
  type: "api_connection_error",
  message: "We could not reach the payment service. Check your connection and try again.",
};

class IntegrationError extends Error {
  constructor(message) {
    super(message);
    this.name = "IntegrationError";
  }
}

/** Set style properties one by one: a policy without 'unsafe-inline' forbids the attribute, not the properties. */
function dress(node, properties) {
  for (const [name, value] of Object.entries(properties)) node.style.setProperty(name, value);
  return node;
}

function newIframe(url, title) {
  const iframe = document.createElement("iframe");
  iframe.src = url;
  iframe.title = title;
  // The same scheme as inside, or a browser in dark mode paints an opaque sheet behind a transparent frame.
  return dress(iframe, { border: "0", display: "block", width: "100%", "color-scheme": "normal" });
}

/** A frame that answers questions over a port of its own. `hear(name, detail)` is told its events. */
class Frame {
  constructor(title, settings, hear) {
    this.iframe = newIframe(`${BASE}/elements/card`, title);
    this._settings = settings;
    this._hear = hear;
    this._waiting = new Map();
    this._asked = 0;
    this._shakeHands = this._shakeHands.bind(this);
    window.addEventListener("message", this._shakeHands);
    this._port = new Promise((resolve) => (this._connected = resolve));
    this.isConnected = this._port.then(() => true);
  }

  /** The answer to `question`: `{ok: …}` or `{error: …}`, also when the frame never came. */
  async ask(question, detail = {}) {
    const port = await Promise.race([this._port, afterSeconds(LOAD_SECONDS)]);
    if (!port) return { error: NOT_REACHED };
    const id = (this._asked += 1);
    return new Promise((resolve) => {
      this._waiting.set(id, resolve);
      port.postMessage({ id, question, detail });
    });
  }

  tell(question, detail) {
    this._port.then((port) => port.postMessage({ question, detail }));
  }

  close() {
    window.removeEventListener("message", this._shakeHands);
    for (const answer of this._waiting.values()) answer({ error: NOT_REACHED });
    this.iframe.remove();
  }

  _shakeHands(event) {
    const ours = event.origin === BASE && event.source === this.iframe.contentWindow;
    if (!ours || event.data?.sandbox !== "frame-ready") return;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => this._listen(data);
    this.iframe.contentWindow.postMessage({ sandbox: "settings", settings: this._settings }, BASE, [port2]);
    this._connected(port1);
  }

  _listen({ id, answer, event, detail }) {
    if (event) return this._hear(event, detail);
    this._waiting.get(id)?.(answer);
    this._waiting.delete(id);
  }
}

function afterSeconds(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** The sandbox's address under the name that the page knows it by: this machine has several, and they are one. */
function asHere(url) {
  const [there, here] = [new URL(url), new URL(BASE)];
  const isSame = [there, here].every(({ hostname }) => LOOPBACK.includes(hostname)) && there.port === here.port;
  if (there.origin !== BASE && !isSame) throw new IntegrationError("This challenge is not the sandbox's.");
  return BASE + there.pathname + there.search;
}

/** Ask the cardholder's bank in a dialog over the page. Resolves when there is nothing left to answer, or it was closed. */
function askTheBank(url) {
  const page = asHere(url);
  const dialog = dress(document.createElement("dialog"), {
    "box-sizing": "border-box", width: "100vw", height: "100vh", "max-width": "none", "max-height": "none", margin: "0",
    padding: "16px", border: "0", background: "rgb(10 15 30 / 60%)",
  });
  dialog.setAttribute("aria-label", "3-D Secure authentication");
  const sheet = dress(document.createElement("div"), {
    position: "relative", width: "100%", "max-width": "400px", height: "340px", "max-height": "100%", margin: "auto",
    top: "50%", transform: "translateY(-50%)", background: "#fff", "border-radius": "12px", overflow: "hidden",
  });
  const iframe = dress(newIframe(page, "3-D Secure authentication"), { height: "100%" });
  const close = dress(document.createElement("button"), {
    position: "absolute", top: "14px", right: "14px", width: "36px", height: "36px", padding: "0", border: "0",
    "border-radius": "50%", background: "#ebeef1", color: "#1a1f36", font: "20px/36px system-ui, sans-serif", cursor: "pointer",
  });
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", "Cancel authentication");
  sheet.append(iframe, close);
  dialog.append(sheet);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    const hear = (event) => {
      const ours = event.origin === BASE && event.source === iframe.contentWindow;
      if (ours && event.data?.sandbox === "challenge-height") dress(sheet, { height: `${event.data.pixels}px` });
      if (ours && event.data?.sandbox === "challenge-done") dialog.close();
    };
    window.addEventListener("message", hear);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      window.removeEventListener("message", hear);
      dialog.remove();
      resolve();
    });
  });
}
