// Serves health, as every service does, and says what environment it was given. On bare grpc-js: it starts many times.
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

const server = new Server();
new HealthImplementation({ '': 'SERVING' }).addToServer(server);
server.bindAsync(process.env.NSS_LISTEN ?? '', ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
process.stdout.write(`environment: ${JSON.stringify(process.env)}\n`);
process.on('SIGTERM', () => process.exit(0));
