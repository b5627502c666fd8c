// Calls of a browser to the API: the publishable key, and a form as the body.

const NOT_REACHED = {
  type: "api_connection_error",
  message: "We could not reach the payment service. Check your connection and try again.",
};
const NOT_UNDERSTOOD = { type: "api_error", message: "The payment service gave no clear answer. Try again in a moment." };

/** `{ok: object}`, or `{error}` in the API's own words; never throws. */
export async function call(key, method, path, params) {
  const form = new URLSearchParams(pairs(params)).toString();
  const url = method === "GET" ? `${path}?${form}` : path;
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: { Authorization: `Bearer ${key}`, ...(method === "GET" ? {} : { "Content-Type": "application/x-www-form-urlencoded" }) },
      body: method === "GET" ? undefined : form,
      cache: "no-store",
      credentials: "omit",
    });
  } catch {
    return { error: NOT_REACHED };
  }
  return read(response);
}

async function read(response) {
  let body;
  try {
    body = await response.json();
  } catch {
    return { error: NOT_UNDERSTOOD };
  }
  return response.ok ? { ok: body } : { error: body.error ?? NOT_UNDERSTOOD };
}

/** `{a: {b: 1}}` as `a[b]=1`; what is absent is left out. */
export function pairs(params, prefix = "") {
  return Object.entries(params).flatMap(([name, value]) => {
    const path = prefix ? `${prefix}[${name}]` : name;
    if (value === undefined || value === null) return [];
    return typeof value === "object" ? pairs(value, path) : [[path, String(value)]];
  });
}
