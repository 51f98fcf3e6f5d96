import type {Clock} from '../base/clock.js';
import type {SourceBudgets} from '../core/admission/source-budgets.js';
import type {SipSource} from '../core/sip/hop.js';
import type {SipEndpoint} from '../io/sip/sip-endpoint.js';
import type {MediaClient} from '../trusted/media/media-client.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import type {LegRules, SilenceLimits} from './leg-media.js';
import type {BridgeAuthority, MessageFilter} from './message-filter.js';
import type {LocationService} from './registrar/location-service.js';
import type {Route} from './routing.js';

/** What a call works with; shared by all calls of a gateway. */
export type CallContext = {
	readonly endpoint: SipEndpoint;
	readonly toolbox: MessageFilter & BridgeAuthority;
	readonly media: MediaClient;
	readonly clock: Clock;
	/** Charged for each invitation before the toolbox opens it. */
	readonly sources: SourceBudgets;
	/** What we offer and accept, by preference. */
	readonly suites: readonly SrtpSuiteName[];
	readonly routes: readonly Route[];
	/** Where registered addresses are reached; absent where there is no registrar. */
	readonly locations?: Pick<LocationService, 'bindingsOf'>;
	/** URI of our Contact. */
	readonly contact: string;
	/** When a leg that should speak counts as dead. */
	readonly silence: SilenceLimits;
	/** What holds for callers who come by a listener of ours. */
	readonly callerRules: (origin: SipSource) => LegRules;
	/** How long a callee may ring before the caller gets 408. */
	readonly maxRingingMs: number;
};
