import type {Clock} from '../../base/clock.js';
import {ok, type Result} from '../../base/result.js';
import type {SourceBudgets} from '../../core/admission/source-budgets.js';
import type {IncomingRequest} from '../../io/sip/incoming-request.js';
import {writeSipDate} from '../../wire/sip/date.js';
import {withoutHeader} from '../../wire/sip/headers.js';
import type {SipHeader} from '../../wire/sip/message.js';
import {writeNameAddr} from '../../wire/sip/name-addr.js';
import {canonicalAor, parseSipUri} from '../../wire/sip/uri.js';
import {creditOfRelease} from '../admission.js';
import {type MessageFilter, originOf} from '../message-filter.js';
import {failed, type Refusal, refusalOf, refuse} from '../refusal.js';
import {LocationService} from './location-service.js';
import {type Lifetimes, readRegistration} from './registration.js';

export type RegistrarOptions = {
	/** Whose addresses may register; each address needs `toolbox.credentials`. */
	readonly domains: readonly string[];
	/** Seconds that a registration lasts at least; who asks for less gets 423. @default 60 */
	readonly minExpiresSeconds?: number;
	/** Seconds that it lasts at most, and where nothing is asked for. @default 3600 */
	readonly maxExpiresSeconds?: number;
};

/** What a registrar stands on. */
export type RegistrarParts = {
	readonly toolbox: Pick<MessageFilter, 'filterInbound'>;
	readonly clock: Clock;
	/** Whoever has authenticated may ask for more. */
	readonly sources: Pick<SourceBudgets, 'earn'>;
};

/**
 * Takes registrations (RFC 3261 §10.3). The toolbox authenticates whoever registers and remembers from where; what is kept here is
 * only where calls go, in memory: after a restart telephones are found again when they have registered again.
 */
export class Registrar {
	readonly locationService = new LocationService();
	readonly #domains: ReadonlySet<string>;
	readonly #lifetimes: Lifetimes;
	readonly #parts: RegistrarParts;

	constructor({domains, minExpiresSeconds = 60, maxExpiresSeconds = 3600}: RegistrarOptions, parts: RegistrarParts) {
		this.#domains = new Set(domains.map((host) => canonicalAor({scheme: 'sip', host, params: []})));
		this.#lifetimes = {minSeconds: minExpiresSeconds, maxSeconds: maxExpiresSeconds};
		this.#parts = parts;
	}

	/** Answers a REGISTER. Rejects where the toolbox is gone. */
	async receive(incoming: IncomingRequest): Promise<void> {
		const outcome = await this.#register(incoming);
		const [status, reason, headers] = outcome.ok
			? ([200, 'OK', outcome.value] as const)
			: ([outcome.failure.status, outcome.failure.reasonPhrase, outcome.failure.headers] as const);
		incoming.respond(incoming.makeResponse(status, reason, {headers}));
	}

	/** Headers of the 200. What cannot be read is refused before anybody is asked for credentials, and changes nothing. */
	async #register({request, origin, localTag}: IncomingRequest): Promise<Result<readonly SipHeader[], Refusal>> {
		const {toolbox, clock, sources} = this.#parts;
		const read = readRegistration(request, origin, this.#lifetimes, clock.monotonicMs());
		if (!read.ok) {
			return read;
		}

		const {aor, callId, sequence, changes} = read.value;
		if (!this.#isOurs(request.uri) || !this.#isOurs(`sip:${aor.slice(aor.indexOf('@') + 1)}`)) {
			return failed(refuse(404, 'Not Found', 'NOT_OUR_DOMAIN'));
		}

		const verdict = await toolbox.filterInbound({
			call: `registration ${localTag}`.slice(0, 64),
			leg: 'registrant',
			role: 'none',
			origin: originOf(origin),
			// Who registers is what is asked; at which Contacts is no business of the toolbox.
			message: withoutHeader(request, 'Contact'),
		});
		if (verdict.verdict === 'denial') {
			return failed(refusalOf(verdict));
		}

		if (verdict.identity !== aor) {
			return failed(refuse(403, 'Forbidden', 'NOT_AUTHORISED'));
		}

		sources.earn(origin, creditOfRelease);
		const nowMs = clock.monotonicMs();
		// Each binding goes by the same rule as if it were named (RFC 3261 §10.3, step 6).
		const bindings =
			changes === 'all'
				? this.locationService
						.bindingsOf(aor, nowMs)
						.map((binding) => ({...binding, callId, sequence, expiresAtMs: nowMs}))
				: changes;
		switch (this.locationService.change(aor, bindings, nowMs)) {
			case 'OUT_OF_ORDER':
				return failed(refuse(400, 'Out of Order', 'REGISTRATION_OUT_OF_ORDER'));
			case 'TOO_MANY_BINDINGS':
				return failed(refuse(403, 'Too Many Contacts', 'TOO_MANY_BINDINGS'));
			default:
				return ok(this.#describe(aor, nowMs));
		}
	}

	#isOurs(uri: string): boolean {
		const parsed = parseSipUri(uri);
		return parsed.ok && parsed.value.user === undefined && this.#domains.has(canonicalAor(parsed.value));
	}

	/** Every binding that holds, with the seconds that it still has (RFC 3261 §10.3, step 8). */
	#describe(aor: string, nowMs: number): readonly SipHeader[] {
		const contacts = this.locationService.bindingsOf(aor, nowMs).map(({contact, expiresAtMs, preference}) => {
			const expires = String(Math.max(1, Math.round((expiresAtMs - nowMs) / 1000)));
			const params = [
				{name: 'expires', value: expires},
				...(preference < 1 ? [{name: 'q', value: String(preference)}] : []),
			];
			return {name: 'Contact', value: writeNameAddr({displayName: '', uri: contact, params})};
		});
		return [...contacts, {name: 'Date', value: writeSipDate(this.#parts.clock.wallMs())}];
	}
}
