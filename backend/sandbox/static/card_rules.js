// What a card's number, date and code may be: formatted for people, checked before anything is sent.

const BRANDS = [
  { name: "amex", starts: /^3[47]/, lengths: [15], groups: [4, 6, 5], code: 4 },
  { name: "diners", starts: /^3(0[0-5]|[689])/, lengths: [14, 16], groups: [4, 6, 4], code: 3 },
  { name: "jcb", starts: /^35/, lengths: [16], groups: [4, 4, 4, 4], code: 3 },
  { name: "discover", starts: /^6(011|4[4-9]|5)/, lengths: [16], groups: [4, 4, 4, 4], code: 3 },
  { name: "unionpay", starts: /^62/, lengths: [16, 17, 18, 19], groups: [4, 4, 4, 4, 3], code: 3 },
  { name: "mastercard", starts: /^(5[1-5]|2[2-7])/, lengths: [16], groups: [4, 4, 4, 4], code: 3 },
  { name: "visa", starts: /^4/, lengths: [16], groups: [4, 4, 4, 4], code: 3 },
];
// The names that people know them by.
const TITLES = {
  amex: "American Express", diners: "Diners Club", jcb: "JCB", discover: "Discover", unionpay: "UnionPay", mastercard: "Mastercard", visa: "Visa",
};
const UNKNOWN = { name: "unknown", lengths: [16, 17, 18, 19], groups: [4, 4, 4, 4, 3], code: 4 };

export const digitsOf = (text) => text.replace(/[^0-9]/g, "");

export function brandOf(digits) {
  return BRANDS.find((brand) => brand.starts.test(digits)) ?? UNKNOWN;
}

/** The brand of a number for people; empty while it cannot be told. */
export const titleOf = (digits) => TITLES[brandOf(digits).name] ?? "";

/** Digits in the groups that the brand prints them in. */
export function grouped(digits) {
  const { groups, lengths } = brandOf(digits);
  const parts = [];
  let rest = digits.slice(0, Math.max(...lengths));
  for (const length of groups) {
    if (rest) parts.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
  return (parts.join(" ") + (rest && ` ${rest}`)).trim();
}

/** "MM / YY" of what was typed, pasted ("12/2034") or filled in by the browser. */
export function dated(text) {
  const separated = /^\s*([0-9]{1,2})\s*[/-]\s*([0-9]*)/.exec(text);
  let digits = separated ? separated[1].padStart(2, "0") + separated[2] : digitsOf(text);
  if (/^[2-9]/.test(digits)) digits = `0${digits}`;
  if (digits.length === 6) digits = digits.slice(0, 2) + digits.slice(4);
  digits = digits.slice(0, 4);
  return digits.length > 2 || separated ? `${digits.slice(0, 2)} / ${digits.slice(2)}` : digits;
}

export function hasCheckDigit(digits) {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** The problem with a number, or null: `{code, message}`. */
export function numberProblem(digits) {
  const lengths = brandOf(digits).lengths;
  if (digits.length < Math.min(...lengths)) return problem("incomplete_number", "Your card number is incomplete.");
  const fits = lengths.includes(digits.length) && hasCheckDigit(digits);
  return fits ? null : problem("invalid_number", "Your card number is invalid.");
}

/** The problem with "MM / YY" on `today`, or null. */
export function expiryProblem(text, today) {
  const digits = digitsOf(text);
  if (digits.length < 4) return problem("incomplete_expiry", "Your card's expiration date is incomplete.");
  const { month, year } = expiryOf(text);
  if (month < 1 || month > 12) return problem("invalid_expiry_month", "Your card's expiration month is invalid.");
  if (year < today.getFullYear()) return problem("invalid_expiry_year_past", "Your card's expiration year is in the past.");
  const past = year === today.getFullYear() && month < today.getMonth() + 1;
  return past ? problem("invalid_expiry_month_past", "Your card's expiration date is in the past.") : null;
}

export function expiryOf(text) {
  const digits = digitsOf(text);
  return { month: Number(digits.slice(0, 2)), year: 2000 + Number(digits.slice(2, 4)) };
}

/** The problem with a security code, or null. */
export function codeProblem(code, brand) {
  const enough = brand === UNKNOWN ? code.length >= 3 : code.length === brand.code;
  return enough ? null : problem("incomplete_cvc", "Your card's security code is incomplete.");
}

function problem(code, message) {
  return { type: "validation_error", code, message };
}
