// A lean backend in Fastify: helmet, CORS, a rate limit, checked bodies, and verified webhooks.

import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import Fastify from "fastify";
import { createIntent, inEveryWorker, port, settle, verified } from "./flows.mjs";

const text = { type: "string", minLength: 1, maxLength: 200 };
const Order = {
  type: "object",
  required: ["coachId", "coachName", "sport", "packageType"],
  properties: {
    coachId: text,
    coachName: text,
    sport: text,
    packageType: { enum: ["package", "subscription"] },
    packageId: { type: "integer", minimum: 1 },
    customerEmail: { type: "string", format: "email", maxLength: 200 },
    customerName: text,
    playerId: text,
    playerName: text,
  },
};
const fields = (type, names) => ({
  type: "object",
  properties: Object.fromEntries(names.split(" ").map((name) => [name, { type }])),
});
const Made = {
  type: "object",
  properties: {
    success: { type: "boolean" },
    paymentIntent: { type: "object", additionalProperties: true },
    packageInfo: fields("integer", "price clips days"),
    feeBreakdown: fields("integer", "totalAmount platformFee coachAmount"),
  },
};

inEveryWorker(async () => {
  const app = Fastify({ trustProxy: 1, bodyLimit: 1_048_576 });
  await app.register(helmet);
  await app.register(cors, { origin: ["https://app.example.com"] });
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error.statusCode < 500 ? error.statusCode : 502).send({ error: "failed" }),
  );
  app.get("/health", async () => ({ status: "ok" }));
  await app.register(async (webhooks) => {
    webhooks.removeAllContentTypeParsers();
    webhooks.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    webhooks.post("/api/webhooks/stripe", async (request, reply) => {
      const event = verified(request.body, request.headers["stripe-signature"]);
      if (!event) return reply.code(400).send({ error: "invalid_signature" });
      await settle(event);
      return { received: true };
    });
  });
  await app.register(async (api) => {
    await api.register(rateLimit, { timeWindow: 900_000, max: 1_000_000_000 });
    api.post(
      "/api/payments/create-intent",
      { schema: { body: Order, response: { 200: Made } } },
      async (request, reply) => (await createIntent(request.body)) ?? reply.code(400).send({ error: "not_offered" }),
    );
  });
  await app.listen({ port, host: "127.0.0.1", backlog: 2048 });
});
