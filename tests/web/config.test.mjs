// The configuration, keys and amounts: nothing here needs a server.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as service from "../../backend/web/static/js/paymentService.js";

const { configure, createConfig, createKey, decimalsOf, formatAmount, getConfig } = service;

test("what is configured once holds for every call, and the rest stays", () => {
  const before = getConfig();
  configure({ backendUrl: "https://pay.example.com///", publishableKey: "pk_test_sandbox" });
  configure({ maxRetries: 0 });

  assert.equal(getConfig().backendUrl, "https://pay.example.com");
  assert.equal(getConfig().publishableKey, "pk_test_sandbox");
  assert.equal(getConfig().maxRetries, 0);
  assert.equal(getConfig().currency, "cad");
  assert.ok(Object.isFrozen(getConfig()));
  configure(before);
});

for (const [name, value] of [
  ["backendUrl", undefined],
  ["backendUrl", "pay.example.com"],
  ["backendUrl", "https://pay.example.com/?a=b"],
  ["publishableKey", "sk_test_sandbox"],
  ["getAuthToken", "a token"],
  ["credentials", "yes"],
  ["currency", "dollars"],
  ["locale", 7],
  ["attemptTimeoutMilliseconds", 0],
  ["totalTimeoutMilliseconds", Infinity],
  ["maxRetries", -1],
  ["maxRetries", 1.5],
  ["fetch", null],
  ["backendURL", "https://pay.example.com"],
  ["toString", "x"],
]) {
  test(`a wrong option is named and changes nothing: ${name} = ${value}`, () => {
    const before = getConfig();
    assert.throws(() => configure({ maxDelayMilliseconds: 7, [name]: value }), { name: "TypeError", message: new RegExp(name) });
    assert.equal(getConfig(), before);
  });
}

test("a configuration of its own leaves the shared one alone", () => {
  const own = createConfig({ backendUrl: "" });
  assert.equal(own.backendUrl, "");
  assert.notEqual(getConfig().backendUrl, "");
});

for (const [amount, currency, locale, shown] of [
  [4725, "cad", "en-CA", "$47.25"],
  [4725, "CAD", "en-US", "CA$47.25"],
  [4725, "cad", "fr-CA", "47,25 $"],
  [0, "cad", "en-CA", "$0.00"],
  [-1000, "cad", "en-CA", "-$10.00"],
  [500, "jpy", "en-US", "¥500"],
  [1234, "kwd", "en-US", "KWD 1.234"],
  [50000, "isk", "en-US", "ISK 500.00"],
]) {
  test(`${amount} ${currency} in ${locale} is ${shown}`, () => {
    assert.equal(formatAmount(amount, { currency, locale }).replaceAll("\u00a0", " "), shown);
  });
}

test("an amount that is not whole is refused, not rounded", () => {
  assert.throws(() => formatAmount(47.25), TypeError);
  assert.throws(() => formatAmount("4725"), TypeError);
});

test("without Intl an amount is still right", (context) => {
  replace(context, "Intl", undefined);
  assert.equal(formatAmount(4725, { currency: "cad" }), "47.25 CAD");
  assert.equal(decimalsOf("JPY"), 0);
});

for (const [platform, crypto] of [
  ["a browser", globalThis.crypto],
  ["React Native", undefined],
]) {
  test(`keys never repeat, and the backend takes them: ${platform}`, (context) => {
    const random = globalThis.crypto.getRandomValues.bind(globalThis.crypto);
    // Browsers on plain http have nothing else of it.
    replace(context, "crypto", crypto && { getRandomValues: random });
    const keys = new Set(Array.from({ length: 10_000 }, createKey));
    assert.equal(keys.size, 10_000);
    for (const key of keys) assert.match(key, /^[\x21-\x7e]{20,64}$/);
  });
}

function replace(context, name, value) {
  const own = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  context.after(() => Object.defineProperty(globalThis, name, own));
}
