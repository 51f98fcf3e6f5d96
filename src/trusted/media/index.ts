/**
 * The media domain: the one part that holds the keys of live calls and touches packets. SRTP sessions, the plane of
 * relays on its native thread, and the message ports by which the user domain commands it and the toolbox feeds it.
 */
export type {LegRules} from './leg-rules.js';
export type {LegKey, LegSessions, LegSettings} from './leg-settings.js';
export {type LegLocal, MediaClient} from './media-client.js';
export {MediaDomain, type MediaDomainOptions} from './media-domain.js';
export {type CreatedRelay, type LegPlace, MediaPlane, type RelayStatistics} from './media-plane.js';
export type * from './plane-events.js';
export type {MediaInterface, MediaInterfaceOptions, MediaPlaneOptions} from './plane-options.js';
export type {MediaPlaneReport} from './plane-report.js';
export * from './protocol.js';
export * from './srtp/index.js';
export type * from './stream-report.js';
export {TrafficGenerator, type TrafficParty, type TrafficPlan, type TrafficReport} from './traffic-generator.js';
