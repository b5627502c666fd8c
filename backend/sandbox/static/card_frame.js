// Inside the frame: the card's fields, and the only place that its digits are sent from.

import { call } from "./sandbox_api.js";
import { brandOf, codeProblem, dated, digitsOf, expiryOf, expiryProblem, grouped, numberProblem, titleOf } from "./card_rules.js";
import { wear } from "./card_style.js";

const CHECKS = {
  number: (text) => numberProblem(digitsOf(text)),
  expiry: (text) => expiryProblem(text, new Date()),
  code: (text) => codeProblem(text, brand()),
};
const NAMES = Object.keys(CHECKS);
const form = document.querySelector("form");
const fields = Object.fromEntries(NAMES.map((name) => [name, form.elements[name]]));
// A field is found fault with once it was left, or filled; not while it is being typed.
const touched = new Set();
let port;

const brand = () => brandOf(digitsOf(fields.number.value));
const problems = () => NAMES.map((name) => [name, CHECKS[name](fields[name].value)]).filter(([, found]) => found);

const ANSWERS = {
  async call({ key, method, path, params, cardAt }) {
    if (cardAt === null) return call(key, method, path, params);
    const refused = check();
    return refused ?? call(key, method, path, withCard(params, cardAt));
  },
  check,
  settings: (settings) => wear(settings, fields),
  clear() {
    form.reset();
    touched.clear();
    changed();
  },
  focus: () => (problems()[0] ? fields[problems()[0][0]] : fields.number).focus(),
  blur: () => document.activeElement?.blur(),
};

/** `{error}` of the first field that is not right, shown at every such field; or nothing. */
function check() {
  NAMES.forEach((name) => touched.add(name));
  changed();
  const [first] = problems();
  if (!first) return undefined;
  fields[first[0]].focus();
  return { error: first[1] };
}

function withCard(params, path) {
  const { month, year } = expiryOf(fields.expiry.value);
  const card = { number: digitsOf(fields.number.value), exp_month: month, exp_year: year, cvc: fields.code.value };
  const [outer, inner] = path.split(".");
  return inner ? { ...params, [outer]: { ...params[outer], [inner]: card } } : { ...params, [outer]: card };
}

function changed() {
  const found = Object.fromEntries(problems());
  const shown = NAMES.filter((name) => touched.has(name) && found[name]);
  for (const name of NAMES) {
    const message = shown.includes(name) ? found[name].message : "";
    fields[name].setAttribute("aria-invalid", String(Boolean(message)));
    document.getElementById(`${name}-problem`).textContent = message;
  }
  document.querySelector(".brand").textContent = titleOf(digitsOf(fields.number.value));
  const empty = NAMES.every((name) => !fields[name].value);
  const complete = Object.keys(found).length === 0;
  const error = shown.length ? found[shown[0]] : undefined;
  say("change", { empty, complete, error, brand: brand().name, value: { type: "card", postalCode: "" } });
}

/** Format as it is typed, with the caret behind the same digit as before. */
function reformat(field, format) {
  const before = digitsOf(field.value.slice(0, field.selectionStart)).length;
  const atEnd = field.selectionStart === field.value.length;
  field.value = format(field.value);
  if (atEnd) return;
  let place = 0;
  for (let seen = 0; seen < before && place < field.value.length; place += 1) seen += /[0-9]/.test(field.value[place]);
  field.setSelectionRange(place, place);
}

const FORMATS = {
  number: (text) => grouped(digitsOf(text)),
  expiry: dated,
  code: (text) => digitsOf(text).slice(0, brand().code),
};

function typed(name, event) {
  const deleting = event.inputType?.startsWith("delete");
  if (!(deleting && name === "expiry")) reformat(fields[name], FORMATS[name]);
  const found = CHECKS[name](fields[name].value);
  const full = found === null || !found.code.startsWith("incomplete");
  touched[full ? "add" : "delete"](name);
  changed();
  const next = fields[NAMES[NAMES.indexOf(name) + 1]];
  if (found === null && !deleting && next && !next.value) next.focus();
}

function listen() {
  for (const name of NAMES) {
    fields[name].addEventListener("input", (event) => typed(name, event));
    fields[name].addEventListener("blur", () => {
      if (!fields[name].value) return;
      touched.add(name);
      changed();
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say("submit");
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && say("escape"));
  form.addEventListener("focusin", (event) => form.contains(event.relatedTarget) || say("focus"));
  form.addEventListener("focusout", (event) => form.contains(event.relatedTarget) || say("blur"));
  new ResizeObserver(() => say("height", { pixels: Math.ceil(form.getBoundingClientRect().height) })).observe(form);
}

function say(event, detail) {
  port?.postMessage({ event, detail });
}

async function answer({ id, question, detail }) {
  const found = await ANSWERS[question](detail);
  if (id !== undefined) port.postMessage({ id, answer: found ?? { ok: true } });
}

function shakeHands(event) {
  if (event.source !== window.parent || event.data?.sandbox !== "settings") return;
  window.removeEventListener("message", shakeHands);
  [port] = event.ports;
  port.onmessage = ({ data }) => answer(data);
  wear(event.data.settings, fields);
  listen();
  say("ready");
}

window.addEventListener("message", shakeHands);
window.parent.postMessage({ sandbox: "frame-ready" }, "*");
