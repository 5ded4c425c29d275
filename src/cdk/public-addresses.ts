import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Notes } from './checks/notes';
import { mayShareAccount } from './checks/one-account';

/** What a region's API says of its part of a public name whose records are made elsewhere. */
export interface PublicAddress {
  readonly systemName: string;
  readonly region: string;
  /** What it follows from in the region's template: another text where a deployment may move it. Asked at synthesis. */
  readonly follows: () => string;
  /** How long resolvers keep an answer, by the API's recovery budget. */
  readonly recordTtl: Duration;
}

interface NotedAddress extends PublicAddress {
  readonly scope: Construct;
}

const noted = new Notes<NotedAddress>();

/** Notes it for whoever makes the records in the same app. */
export function noteAddress(scope: Construct, address: PublicAddress): void {
  noted.of(scope).push({ ...address, scope });
}

/** All of a system that the construct's app has. Complete at synthesis alone: a region may be made later. */
export function addressesOf(scope: Construct, systemName: string): readonly NotedAddress[] {
  return noted.of(scope).filter((address) => address.systemName === systemName && mayShareAccount(address.scope, scope));
}
