import {randomBytes} from 'node:crypto';
import {digestResponse, digestSecret} from '../../../trusted/toolbox/challenge/digest.js';
import {parseAuthentication} from '../../../wire/sip/authentication.js';
import {header, headerValues} from '../../../wire/sip/headers.js';
import type {SipRequest, SipResponse} from '../../../wire/sip/message.js';
import {aorOf} from './dialogs.js';
import {withHeaderLine} from './edit-message.js';

/**
 * The credentials of a scenario's callers. A scenario takes any Authorization for good, the gateway takes none but answers
 * to its own challenge: so whatever Authorization a message has becomes the right answer to what its caller was asked last.
 */
export class Credentials {
	readonly #password = randomBytes(16).toString('hex');
	readonly #challenges = new Map<string, {readonly nonce: string; count: number}>();
	/** What each message became, so that one sent again is the same octets again. */
	readonly #written = new Map<string, Buffer>();

	/** Entries of the toolbox's `credentials`. */
	entriesFor(identities: readonly string[]): readonly object[] {
		return identities.map((identity) => ({
			identity,
			username,
			realm,
			ha1: {[algorithm]: digestSecret(algorithm, username, realm, this.#password)},
		}));
	}

	/** Notes what a caller was asked. */
	note(request: SipRequest, response: SipResponse): void {
		const asked = headerValues(response, 'WWW-Authenticate').flatMap((value) => {
			const read = parseAuthentication(value);
			return read.ok && read.value.parameters.get('algorithm') === algorithm ? [read.value.parameters] : [];
		});
		const nonce = asked[0]?.get('nonce');
		if (nonce !== undefined) {
			this.#challenges.set(aorOf(request, 'From'), {nonce, count: 0});
		}
	}

	/** The message with the right Authorization in the place of its own; as it is where it has none, or nothing was asked. */
	answer(octets: Buffer, request: SipRequest): Buffer {
		const challenge = this.#challenges.get(aorOf(request, 'From'));
		if (header(request, 'Authorization') === undefined || challenge === undefined) {
			return octets;
		}

		const name = octets.toString('latin1');
		const written = this.#written.get(name) ?? withHeaderLine(octets, 'Authorization', this.#value(request, challenge));
		this.#written.set(name, written);
		return written;
	}

	#value({method, uri}: SipRequest, challenge: {readonly nonce: string; count: number}): string {
		challenge.count++;
		const {nonce} = challenge;
		const nonceCount = challenge.count.toString(16).padStart(8, '0');
		const clientNonce = randomBytes(8).toString('hex');
		const secret = digestSecret(algorithm, username, realm, this.#password);
		const response = digestResponse(secret, {algorithm, nonce, nonceCount, clientNonce, method, uri});
		return [
			`Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"`,
			`algorithm=${algorithm}, qop=auth, nc=${nonceCount}, cnonce="${clientNonce}"`,
		].join(', ');
	}
}

const algorithm = 'SHA-256';
const username = 'caller';
const realm = 'conformance';
