import {isIPv4, isIPv6} from 'node:net';
import type {Brand} from '../../base/brand.js';
import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {ValidatedCertificate} from './certificate-validator.js';

/**
 * Canonical address of record: `sip:user@host`, `sip:host` for a domain, `tel:+number`, or
 * `tel:number;phone-context=context`. Two of them name the same party exactly when they are equal as strings.
 */
export type Aor = Brand<string, 'Aor'>;

/** As what a certificate speaks: as the user whom it names, or as the domain that the user belongs to. */
export type SpeakerKind = 'user' | 'domain';

/**
 * Reduces a SIP, SIPS or tel URI to the identity that it names.
 *
 * RFC 3261 §19.1.4: the host compares without regard to case, the user part exactly; an escape equals its character
 * unless that is reserved, so `%61` is `a` but `%3B` is not `;`. Port, password, parameters and headers say how to
 * reach a party, not which party it is. SIPS becomes `sip:`, for both schemes name one resource (§19.1). With
 * `user=phone`, and in tel URIs, the visual separators of a global number go (RFC 3966 §3).
 */
export function canonicalAor(uri: string): Result<Aor, CodedFailure<'NOT_AN_ADDRESS'>> {
	const aor = uri.length <= maxUriLength && printable.test(uri) ? canonicalUri(uri) : undefined;
	return aor === undefined
		? fail('NOT_AN_ADDRESS', `Expected a sip, sips or tel URI of at most ${maxUriLength} characters.`)
		: ok(aor as Aor);
}

/** The domain of a canonical AOR as `sip:host`; undefined for a tel URI, which has none. */
export function domainOf(aor: Aor): Aor | undefined {
	return aor.startsWith('sip:')
		? (`sip:${aor.slice(aor.lastIndexOf('@') + 1).replace(/^sip:/, '')}` as Aor)
		: undefined;
}

/**
 * Says as what a certificate speaks for `aor`; undefined where it does not, or not as one of `accepted`.
 *
 * A user's certificate has the AOR as a SAN URI (RFC 3261 §23.1). A domain's has a SAN URI `sip:host` without a user
 * part or, only where it has none of these, a dNSName (RFC 5922 §7.1). Names match whole: no wildcards, no
 * subdomains, no common name (§7.2). A `sips:` URI never names a domain.
 */
export function certificateSpeaksFor(
	validated: Pick<ValidatedCertificate, 'sipUris' | 'dnsNames'>,
	aor: Aor,
	accepted: readonly SpeakerKind[] = ['user'],
): SpeakerKind | undefined {
	if (accepted.includes('user') && userIdentities(validated).includes(aor)) {
		return 'user';
	}

	const domain = domainOf(aor);
	return domain !== undefined && accepted.includes('domain') && domainIdentities(validated).includes(domain)
		? 'domain'
		: undefined;
}

/** Canonical AORs of the users whom a certificate names. */
export function userIdentities(validated: Pick<ValidatedCertificate, 'sipUris'>): readonly Aor[] {
	return canonical(validated.sipUris).filter((aor) => aor.includes('@'));
}

/** Canonical AORs (`sip:host`) of the domains that a certificate names. */
export function domainIdentities(validated: Pick<ValidatedCertificate, 'sipUris' | 'dnsNames'>): readonly Aor[] {
	const domains = canonical(validated.sipUris.filter((uri) => /^sip:[^@]*$/i.test(uri)));
	return domains.length > 0 ? domains : canonical(validated.dnsNames.map((name) => `sip:${name}`));
}

function canonical(uris: readonly string[]): Aor[] {
	return uris.flatMap((uri) => {
		const aor = canonicalAor(uri);
		return aor.ok ? [aor.value] : [];
	});
}

function canonicalUri(uri: string): string | undefined {
	const scheme = /^(sips?|tel):/i.exec(uri);
	if (scheme === null) {
		return undefined;
	}

	const rest = uri.slice(scheme[0].length);
	return scheme[1]?.toLowerCase() === 'tel' ? canonicalTel(rest) : canonicalSip(rest);
}

function canonicalSip(rest: string): string | undefined {
	const parts = rest.split('@');
	const [hostPort = '', ...parameters] = (parts.at(-1) ?? '').split(/[;?]/);
	const host = canonicalHost(hostPort);
	if (host === undefined || parts.length > 2) {
		return undefined;
	}

	if (parts.length === 1) {
		return `sip:${host}`;
	}

	const user = canonicalUser(parts[0] ?? '');
	if (user === undefined) {
		return undefined;
	}

	const isPhone = parameters.some((parameter) => parameter.toLowerCase() === 'user=phone');
	return `sip:${isPhone && globalNumber.test(user) ? withoutSeparators(user) : user}@${host}`;
}

/** RFC 3261 §25.1 `userinfo` without its password. */
function canonicalUser(userInfo: string): string | undefined {
	const [user = '', ...password] = userInfo.split(':');
	if (!userPart.test(user) || password.length > 1 || !passwordPart.test(password[0] ?? '')) {
		return undefined;
	}

	return user.replace(/%../g, (encoded) => {
		const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
		return unreserved.test(character) ? character : encoded.toUpperCase();
	});
}

/** RFC 3261 §25.1 `hostport` without its port. */
function canonicalHost(hostPort: string): string | undefined {
	const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(hostPort) ?? [];
	if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) {
		return undefined;
	}

	if (host.startsWith('[')) {
		// A zone (RFC 4007) means something to one machine only, so it is no part of a name.
		return isIPv6(host.slice(1, -1)) && !host.includes('%') ? new URL(`http://${host}`).hostname : undefined;
	}

	const name = host.toLowerCase().replace(/\.$/, '');
	const labels = name.split('.');
	const isName =
		name.length <= 253 && labels.every((label) => hostLabel.test(label)) && /^[a-z]/.test(labels.at(-1) ?? '');
	return isName || isIPv4(name) ? name : undefined;
}

/** RFC 3966 §3. Parameters other than `phone-context` go: an extension is reached behind the number that it belongs to. */
function canonicalTel(rest: string): string | undefined {
	const [number = '', ...parameters] = rest.split(';');
	if (globalNumber.test(number)) {
		return `tel:${withoutSeparators(number)}`;
	}

	const context = parameters.find((parameter) => /^phone-context=/i.test(parameter))?.slice('phone-context='.length);
	const canonicalContext = context?.startsWith('+') ? withoutSeparators(context) : canonicalHost(context ?? '');
	return localNumber.test(number) && canonicalContext !== undefined && /^\+\d+$|^[^+]/.test(canonicalContext)
		? `tel:${withoutSeparators(number).toLowerCase()};phone-context=${canonicalContext}`
		: undefined;
}

function withoutSeparators(number: string): string {
	return number.replace(/[-.()]/g, '');
}

const maxUriLength = 1024;
const printable = /^[!#-;=?-~]+$/;
const unreserved = /^[A-Za-z0-9\-_.!~*'()]$/;
const userPart = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+$/;
const passwordPart = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*$/;
const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const globalNumber = /^\+[-.()]*\d[\d\-.()]*$/;
const localNumber = /^[\dA-Fa-f*#\-.()]*[\dA-Fa-f*#][\dA-Fa-f*#\-.()]*$/;
