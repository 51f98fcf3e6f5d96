import type {Aor} from '../../certificates/identity.js';
import {numberOf} from './call-rules.js';

/**
 * True for a call for help: `urn:service:sos` and its sub-services (RFC 5031 §4.2), or one of the operator's numbers. It is never
 * refused for lack of protection (DESIGN §3.8).
 */
export function isEmergency(aor: Aor, numbers: readonly string[]): boolean {
	const number = numberOf(aor);
	return /^urn:service:sos(?:\.|$)/.test(aor) || (number !== undefined && numbers.includes(number));
}
