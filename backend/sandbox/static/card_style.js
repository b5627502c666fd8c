// How the fields look: what a page may choose of it, as custom properties of card.css.

const BASE = {
  color: "--text", fontFamily: "--font", fontSize: "--size", fontWeight: "--weight", lineHeight: "--line", letterSpacing: "--spacing",
};
const VARIABLES = {
  colorPrimary: "--primary", colorBackground: "--background", colorText: "--text", colorTextPlaceholder: "--placeholder",
  colorDanger: "--danger", fontFamily: "--font", fontSizeBase: "--size", borderRadius: "--radius",
};
const THEMES = { night: "night", stripe: "stripe", flat: "stripe" };

/** Settings of an Element: `{kind, style, appearance, disabled, placeholder}`. */
export function wear({ kind, style = {}, appearance = {}, disabled = false }, fields) {
  document.body.className = `${kind} ${kind === "payment" ? (THEMES[appearance.theme] ?? "stripe") : ""}`.trim();
  if (kind === "payment") choose(appearance.variables, VARIABLES);
  choose(style.base, BASE);
  choose({ placeholder: style.base?.["::placeholder"]?.color, danger: style.invalid?.color }, { placeholder: "--placeholder", danger: "--danger" });
  for (const field of Object.values(fields)) field.disabled = disabled;
}

function choose(given = {}, names) {
  for (const [name, property] of Object.entries(names)) {
    if (typeof given[name] === "string") document.body.style.setProperty(property, given[name]);
  }
}
