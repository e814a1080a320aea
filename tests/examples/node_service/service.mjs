// A newsletter service. It makes its Segment client when it starts, so its write key is fixed.
import http from "node:http";
import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({
  writeKey: process.env.SEGMENT_WRITE_KEY,
  host: process.env.SEGMENT_HOST,
  flushAt: 1,
});

const server = http.createServer((request, response) => {
  const [, action, user] = new URL(request.url, "http://service").pathname.split("/");
  if (request.method === "POST" && action === "subscribe") {
    analytics.identify({ userId: user, traits: { newsletter: true } });
    analytics.track({ userId: user, event: "Newsletter Subscribed" });
    response.writeHead(202).end();
  } else if (request.method === "POST" && action === "unsubscribe") {
    analytics.track({ userId: user, event: "Newsletter Unsubscribed" });
    response.writeHead(202).end();
  } else {
    response.writeHead(404).end();
  }
});

server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port }));
});

process.on("SIGTERM", async () => {
  server.close();
  await analytics.closeAndFlush({ timeout: 5000 });
  process.exit(0);
});
