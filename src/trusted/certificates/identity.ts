import type {Brand} from '../../base/brand.js';
import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {canonicalAor as canonicalSipAor, parseSipUri} from '../../wire/sip/uri.js';
import type {ValidatedCertificate} from './certificate-validator.js';

/**
 * Canonical address of record: `sip:user@host`, `sip:host` for a domain, `tel:+number`, or
 * `tel:number;phone-context=context`. Two of them name the same party exactly when they are equal as strings.
 */
export type Aor = Brand<string, 'Aor'>;

/** As what a certificate speaks: as the user whom it names, or as the domain that the user belongs to. */
export type SpeakerKind = 'user' | 'domain';

/**
 * Reduces a SIP, SIPS or tel URI to the identity that it names: what `canonicalAor` of wire/sip says of the first two
 * (port, password, parameters and headers say how to reach a party, not which; both schemes name one resource, RFC 3261
 * §19.1), and a number without visual separators and with nothing but its context for the third (RFC 3966 §3, §5.1.5). The name of
 * a service (`urn:service:sos`, RFC 5031) stands for itself.
 */
export function canonicalAor(uri: string): Result<Aor, CodedFailure<'NOT_AN_ADDRESS'>> {
	const aor =
		uri.length > maxUriLength
			? undefined
			: /^tel:/i.test(uri)
				? canonicalTel(uri)
				: /^urn:/i.test(uri)
					? canonicalService(uri)
					: canonicalSip(uri);
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

function canonicalSip(uri: string): string | undefined {
	const parsed = parseSipUri(uri);
	return parsed.ok ? canonicalSipAor(parsed.value) : undefined;
}

/** A service (RFC 5031 §3): labels and dots, in any case. */
function canonicalService(uri: string): string | undefined {
	return /^urn:service:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(uri) ? uri.toLowerCase() : undefined;
}

function canonicalTel(uri: string): string | undefined {
	const [number = '', ...parameters] = uri.slice('tel:'.length).split(';');
	if (globalNumber.test(number)) {
		return `tel:${withoutSeparators(number)}`;
	}

	const parameter = parameters.find((candidate) => /^phone-context=/i.test(candidate)) ?? '';
	const context = parameter.slice('phone-context='.length);
	const canonicalContext = globalNumber.test(context)
		? withoutSeparators(context)
		: canonicalSip(`sip:${context}`)?.slice('sip:'.length);
	return localNumber.test(number) && canonicalContext !== undefined && !canonicalContext.includes('@')
		? `tel:${withoutSeparators(number).toLowerCase()};phone-context=${canonicalContext}`
		: undefined;
}

function withoutSeparators(number: string): string {
	return number.replace(/[-.()]/g, '');
}

const maxUriLength = 1024;
const globalNumber = /^\+[-.()]*\d[\d\-.()]*$/;
const localNumber = /^[\dA-Fa-f*#\-.()]*[\dA-Fa-f*#][\dA-Fa-f*#\-.()]*$/;
