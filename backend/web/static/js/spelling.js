// Amounts and times as every page spells them. The server spells amounts the same way: backend/domain/money.py.

import { decimalsOf } from "./stripeConfig.js";

/** An amount in minor units for people: `4725, "cad"` is `47.25 CAD`, and `1012500, "cad"` is `10,125.00 CAD`. */
export function spellMoney(amountMinor, currency) {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amountMinor)).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  const part = decimals ? `.${digits.slice(-decimals)}` : "";
  return `${amountMinor < 0 ? "-" : ""}${whole}${part} ${currency.toUpperCase()}`;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

/** A day where the reader is: `28 November 2026`. `at`: unix milliseconds. */
export function spellDay(at) {
  return DAY.format(at);
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const AGO = new Intl.RelativeTimeFormat("en");

/** The time since a moment: `3 minutes ago`, and `a moment ago` within the first minute. Both in unix milliseconds. */
export function spellAgo(at, now) {
  const [unit, length] = UNITS.find(([, milliseconds]) => now - at >= milliseconds) ?? [];
  return unit ? AGO.format(-Math.floor((now - at) / length), unit) : "a moment ago";
}
