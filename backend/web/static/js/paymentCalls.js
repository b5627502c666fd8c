// @ts-check
/**
 * How the calls of the backend are put together: paths, queries and bodies.
 *
 * @module paymentCalls
 */

/** @typedef {import("./paymentRequest.js").Call} Call */

/**
 * @param {string} path
 * @param {string} [part]
 * @returns {Call}
 */
export function get(path, part) {
  return { method: "GET", path, part };
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {string} part
 * @param {{ keyed?: boolean }} [more]
 * @returns {Call}
 */
export function post(path, body, part, more) {
  return { method: "POST", path, body, part, ...more };
}

/**
 * @param {string} accountId
 * @param {string} [rest]
 */
export function accountPath(accountId, rest = "") {
  return `/api/connect/account/${segment(accountId, "accountId")}${rest}`;
}

/**
 * An id as a part of a path. An empty one would silently name another route.
 *
 * @param {string} id
 * @param {string} name
 */
export function segment(id, name) {
  if (typeof id !== "string" || id === "") throw new TypeError(`${name} must be an id`);
  return encodeURIComponent(id);
}

/**
 * What is asked for as a query string, with its question mark; nothing where nothing is.
 *
 * @param {object} asked
 */
export function queryOf(asked) {
  const parts = Object.entries(asked)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return parts.length ? `?${parts.join("&")}` : "";
}
