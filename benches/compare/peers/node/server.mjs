// @simplewebauthn/server on Fastify: node server.mjs PORT PROCESSES. Each process keeps the challenges that it gave out.
import cluster from "node:cluster";
import Fastify from "fastify";
import { generateRegistrationOptions } from "@simplewebauthn/server";

const [port, processes] = process.argv.slice(2).map(Number);

function serve() {
  const pending = new Map();
  const app = Fastify({ keepAliveTimeout: 75_000 });
  app.post("/:tenant/registration/initialize", async (request) => {
    const { user_id, username, display_name } = request.body;
    const publicKey = await generateRegistrationOptions({
      rpName: "Load",
      rpID: "load.example",
      userID: new TextEncoder().encode(user_id),
      userName: username,
      userDisplayName: display_name,
      authenticatorSelection: { residentKey: "required", userVerification: "preferred" },
    });
    pending.set(user_id, publicKey.challenge);
    return { publicKey };
  });
  return app.listen({ host: "127.0.0.1", port });
}

if (processes > 1 && cluster.isPrimary) {
  for (let number = 0; number < processes; number++) cluster.fork();
  process.on("SIGTERM", () => process.exit(0));
} else {
  await serve();
}
