import type { FrontDoor, FrontDoorDeps } from '../model';

/** Opens the front door on 127.0.0.1. Rejects when the port is taken. */
export async function startFrontDoor(deps: FrontDoorDeps): Promise<FrontDoor> {
  throw new Error(`not built yet (port ${deps.port})`);
}
