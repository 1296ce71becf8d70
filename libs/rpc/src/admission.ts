import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { Caller, Identify } from './callers.ts';
import { NssError, permissionDenied, toStatusObject } from './errors.ts';
import type { CountCall } from './rates.ts';

/** What a server asks before it takes a call. */
export type Admission = {
  readonly identify: Identify;
  /** Who may call a method, by its path; everybody unless said. */
  readonly callersOf: ReadonlyMap<string, Callers>;
  readonly countCall: CountCall;
};

/** Everybody whom the server knows, only services of the mesh, or only who may do what concerns all tenants. */
export type Callers = 'everybody' | 'services' | 'operators';

/** Health and reflection tell nothing of anybody: whoever has come so far may ask them. */
const OPEN = /^\/grpc\.(health|reflection)\./;

/** Who makes the calls that were let in, by their metadata. */
const callers = new WeakMap<Metadata, Caller>();

/** The caller of a call; undefined for health and reflection. */
export function callerOf(metadata: Metadata): Caller | undefined {
  return callers.get(metadata);
}

/** Lets a call in, or answers it before anything of its request is read. */
export function admitting({ identify, callersOf, countCall }: Admission): ServerInterceptor {
  return ({ path }, call) => {
    if (OPEN.test(path)) return new ServerInterceptingCall(call);
    const admit = async (metadata: Metadata) => {
      const caller = await identify(metadata, call.getAuthContext());
      const allowed = callersOf.get(path);
      if (allowed === 'services' && !caller.service) {
        throw permissionDenied(`${path} is for services of the mesh`, { reason: 'SERVICES_ONLY' });
      }
      if (allowed === 'operators' && !caller.operator) {
        throw permissionDenied(`${path} is for operators of the mesh`, { reason: 'OPERATORS_ONLY' });
      }
      // What a service does for a tenant is limited by what it may begin.
      if (!caller.service) await countCall(caller.tenant);
      return caller;
    };
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, pass) {
            admit(metadata).then(
              (caller) => {
                callers.set(metadata, caller);
                pass(metadata);
              },
              (error) => call.sendStatus(toStatusObject(NssError.from(error))),
            );
          },
        });
      },
    });
  };
}
