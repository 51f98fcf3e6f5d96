import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {type Aor, canonicalAor, certificateSpeaksFor, domainOf} from '#dist/trusted/certificates/identity.js';

function aor(uri: string): Aor {
	const result = canonicalAor(uri);
	if (!result.ok) {
		throw new TypeError(`Expected an address, got ${uri}.`);
	}

	return result.value;
}

const canonicalForms: readonly (readonly [uri: string, canonical: string])[] = [
	['sip:Alice@EXAMPLE.com:5060;transport=udp', 'sip:Alice@example.com'],
	['SIP:alice@ATLANTA.Example.COM.', 'sip:alice@atlanta.example.com'],
	['sips:erin@example.com', 'sip:erin@example.com'],
	['sip:alice:secret@example.com?subject=x', 'sip:alice@example.com'],
	['sip:%61lice@example.com', 'sip:alice@example.com'],
	['sip:a%3bb@example.com', 'sip:a%3Bb@example.com'],
	['sip:j%40ne@example.com', 'sip:j%40ne@example.com'],
	['sip:gw.example.com', 'sip:gw.example.com'],
	['sip:192.0.2.4:5062', 'sip:192.0.2.4'],
	['sip:bob@[2001:DB8::0:1]:5060', 'sip:bob@[2001:db8::1]'],
	['sip:+1-212-555-1212@gateway.com;user=phone', 'sip:+12125551212@gateway.com'],
	['sip:+1-212-555-1212@gateway.com', 'sip:+1-212-555-1212@gateway.com'],
	['tel:+1-201-555-0123;isub=4', 'tel:+12015550123'],
	['tel:(70)42;phone-context=Example.com', 'tel:7042;phone-context=example.com'],
	['tel:7042;phone-context=+1-914-555', 'tel:7042;phone-context=+1914555'],
];

for (const [uri, expected] of canonicalForms) {
	test(`${uri} names ${expected} (RFC 3261 §19.1.4, RFC 3966 §3)`, (t) => {
		t.is(aor(uri), expected as Aor);
	});
}

const notAddresses: readonly string[] = [
	'',
	'alice@example.com',
	'mailto:alice@example.com',
	'sip:',
	'sip:@example.com',
	'sip:alice@',
	'sip:alice@bob@example.com',
	'sip:alice@exa mple.com',
	'sip:alice@example.com:0',
	'sip:alice@example.com:70000',
	'sip:alice@ex%61mple.com',
	'sip:alice@-example.com',
	'sip:alice@example.com\0.evil.net',
	'sip:alice@[::1%25eth0]',
	'sip:alice@256.1.1.1',
	'sip:älice@example.com',
	'<sip:alice@example.com>',
	'tel:7042',
	'tel:+',
	`sip:${'a'.repeat(2000)}@example.com`,
];

for (const uri of notAddresses) {
	test(`${JSON.stringify(uri.slice(0, 40))} is no address`, (t) => {
		const result = canonicalAor(uri);
		t.false(result.ok);
		t.is(result.ok ? '' : result.failure.code, 'NOT_AN_ADDRESS');
	});
}

testProp(
	'a canonical address is its own canonical form, whatever came in',
	[fc.string({unit: 'binary-ascii'})],
	(t, text) => {
		for (const uri of [text, `sip:${text}`, `sip:${text}@example.com`, `tel:${text};phone-context=a.example`]) {
			const once = canonicalAor(uri);
			if (once.ok) {
				t.deepEqual(canonicalAor(once.value), once);
			}
		}

		t.pass();
	},
);

test('a user certificate speaks for the address in its SAN URI, whatever the case of the host (RFC 3261 §23.1)', (t) => {
	const validated = {sipUris: ['sip:alice@ATLANTA.Example.COM'], dnsNames: []};
	t.is(certificateSpeaksFor(validated, aor('sip:alice@atlanta.example.com')), 'user');
	t.is(certificateSpeaksFor(validated, aor('sip:Alice@atlanta.example.com')), undefined);
	t.is(certificateSpeaksFor(validated, aor('sip:alice@example.com')), undefined);
});

test('a user certificate does not speak for its domain', (t) => {
	const validated = {sipUris: ['sip:alice@example.com'], dnsNames: []};
	t.is(certificateSpeaksFor(validated, aor('sip:bob@example.com'), ['user', 'domain']), undefined);
	t.is(certificateSpeaksFor(validated, aor('sip:example.com'), ['user', 'domain']), undefined);
});

test('a domain certificate speaks for its users only where domains are accepted (RFC 5922 §7.1)', (t) => {
	const validated = {sipUris: ['sip:Example.com'], dnsNames: []};
	t.is(certificateSpeaksFor(validated, aor('sip:bob@example.com')), undefined);
	t.is(certificateSpeaksFor(validated, aor('sip:bob@example.com'), ['user', 'domain']), 'domain');
	t.is(certificateSpeaksFor(validated, aor('sip:bob@sub.example.com'), ['domain']), undefined);
	t.is(certificateSpeaksFor(validated, aor('tel:+12015550123'), ['user', 'domain']), undefined);
});

test('a dNSName counts only where no sip URI names a domain, and without wildcards (RFC 5922 §7.1, §7.2)', (t) => {
	const bob = aor('sip:bob@example.com');
	t.is(certificateSpeaksFor({sipUris: [], dnsNames: ['EXAMPLE.com']}, bob, ['domain']), 'domain');
	t.is(certificateSpeaksFor({sipUris: ['sip:other.net'], dnsNames: ['example.com']}, bob, ['domain']), undefined);
	t.is(certificateSpeaksFor({sipUris: ['sips:example.com'], dnsNames: []}, bob, ['domain']), undefined);
	t.is(certificateSpeaksFor({sipUris: [], dnsNames: ['*.com', '*.example.com']}, bob, ['domain']), undefined);
});

test('an address knows its domain, a telephone number has none', (t) => {
	t.is(domainOf(aor('sip:bob@example.com')), aor('sip:example.com'));
	t.is(domainOf(aor('sip:example.com')), aor('sip:example.com'));
	t.is(domainOf(aor('tel:+12015550123')), undefined);
});
