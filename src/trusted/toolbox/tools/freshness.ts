import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineTool, refuse} from '../engine/tool.js';
import {readMessageHeaders} from './message-headers.js';

/**
 * Freshness: every time that the message states lies inside the window (PROTOCOL V13): signing-time of each signer, the
 * signed Date, and where none was signed the Date outside. Gives the earliest signed one.
 */
export const freshness = defineTool({
	name: 'freshness',
	version: 1,
	service: 'anti-replay',
	purpose: 'Checks that every time which the message states lies inside the window.',
	effect: 'checks',
	inputs: {message: 'message', content: 'verified-content', parts: 'parts'},
	outputs: {signedAt: 'signed-at'},
	parameters: z.strictObject({}),
	run: ({message, content, parts}, {nowMs, freshness: window}) => {
		const outer = readMessageHeaders(message);
		const inner = Array.isArray(parts.headers) ? readMessageHeaders({headers: parts.headers}) : undefined;
		const signedDate = inner?.ok ? inner.value.dateMs : undefined;
		const outerDate = outer.ok ? outer.value.dateMs : undefined;
		const signingTimes = content.signers.flatMap(({signingTimeMs}) => signingTimeMs ?? []);
		const signed = signingTimes.length > 0 ? signingTimes : signedDate === undefined ? [] : [signedDate];
		if (signed.length === 0) {
			return refuse('NO_SIGNING_TIME', 'Expected a signing time or a signed Date.');
		}

		const stated = [...signed, ...[signedDate ?? outerDate].flatMap((time) => time ?? [])];
		if (Math.min(...stated) < nowMs - 1000 * window.maxAgeSeconds) {
			return refuse('STALE', `Expected a message of the last ${window.maxAgeSeconds} s.`);
		}

		if (Math.max(...stated) > nowMs + 1000 * window.maxFutureSeconds) {
			return refuse('FROM_THE_FUTURE', `Expected a message at most ${window.maxFutureSeconds} s ahead.`);
		}

		return ok({signedAt: Math.min(...signed)});
	},
});
