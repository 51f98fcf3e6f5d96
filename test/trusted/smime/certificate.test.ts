import {X509Certificate} from 'node:crypto';
import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {certificateFingerprint, readCertificate} from '#dist/trusted/smime/index.js';
import {derElement, derInteger, derObjectIdentifier, derSequence} from '#dist/wire/asn1/index.js';
import {runs} from '../../profile.js';
import {codeOf, edit, makeCertificateFromSpki, makeIdentity, must} from './test-pki.js';

const alice = makeIdentity('p-256', 'alice');

for (const kind of ['p-256', 'p-384', 'p-521', 'ed25519', 'x25519', 'rsa'] as const) {
	test(`a certificate with a key of ${kind} is read as node:crypto reads it`, (t) => {
		const {der} = makeIdentity(kind);
		const facts = must(readCertificate(der));
		const oracle = new X509Certificate(der);
		t.is(BigInt(`0x${Buffer.from(facts.serialNumber).toString('hex')}`), BigInt(`0x${oracle.serialNumber}`));
		t.is(certificateFingerprint(der), oracle.fingerprint256.replaceAll(':', '').toLowerCase());
		t.is(facts.subjectKeyIdentifier?.length, 20);
		const {x = '', y = '', n = ''} = oracle.publicKey.export({format: 'jwk'});
		const expected = kind === 'rsa' ? [n] : [x, y];
		const numbers = Buffer.concat(expected.map((number) => Buffer.from(number, 'base64url')));
		const key = facts.publicKey;
		t.is(key?.kind, kind);
		const octets = key?.kind === 'rsa' ? key.modulus : key?.point;
		t.deepEqual(Buffer.from(octets ?? []), kind.startsWith('p-') ? Buffer.concat([Buffer.of(4), numbers]) : numbers);
	});
}

test('a key outside our list is no key, and no fault of the certificate', (t) => {
	const spki = derSequence(derSequence(derObjectIdentifier('1.2.840.10040.4.1')), derElement(3, Uint8Array.of(0, 1)));
	t.is(must(readCertificate(makeCertificateFromSpki(spki, 'dsa'))).publicKey, undefined);
});

test('faults of a certificate are named', (t) => {
	const {der} = alice;
	t.is(codeOf(readCertificate(new Uint8Array(16_385))), 'MALFORMED');
	t.is(codeOf(readCertificate(der.subarray(0, -1))), 'MALFORMED');
	t.is(codeOf(readCertificate(Uint8Array.of(...der, 0))), 'MALFORMED');
	t.is(codeOf(readCertificate(edit(der, [0, 1], () => derInteger(new Uint8Array(65).fill(1))))), 'MALFORMED');
	const compressed = edit(der, [0, 6, 1], () => derElement(3, Uint8Array.of(0, 2), new Uint8Array(32)));
	t.is(codeOf(readCertificate(compressed)), 'UNSUPPORTED');
});

testProp(
	'no octets make the reader of certificates throw',
	[fc.nat(), fc.integer({min: 0, max: 255}), fc.nat(), fc.integer({min: 0, max: 255})],
	(t, first, firstValue, second, secondValue) => {
		const mutated = alice.der.slice();
		mutated[first % mutated.length] = firstValue;
		mutated[second % mutated.length] = secondValue;
		t.notThrows(() => readCertificate(mutated));
	},
	runs(2000),
);
