import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {NativeCertificateValidator} from '#dist/trusted/certificates/native-certificate-validator.js';
import {contextConstructed, readAsn1, tags} from '#dist/wire/asn1/index.js';
import {sharedPath, testWithShared} from '../../wire/shared-vectors.js';

/**
 * NIST Public Key Interoperability Test Suite: certificates and revocation lists as they come in its S/MIME messages, validated
 * with revocation lists required of every issuer. docs/interop.md lists the cases.
 */
const folder = sharedPath('smime', 'pkits');
const test = testWithShared(['smime', 'pkits']);
const atMs = Date.UTC(2026, 10, 24, 6);

type Case = {readonly file: string; readonly expect: 'valid' | 'invalid'; readonly basicVerdict: 'accept' | 'reject'};

const cases: readonly Case[] = existsSync(folder)
	? (JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as {cases: Case[]}).cases
	: [];

/** Certificates, revocation lists and the signer of the SignedData in a multipart/signed message. */
function readMessage(file: string) {
	const text = readFileSync(path.join(folder, file), 'latin1');
	const base64 = /\r?\n\r?\n([A-Za-z0-9+/=\r\n]+)\r?\n\r?\n?--/.exec(
		text.slice(text.indexOf('pkcs7-signature; name')),
	)?.[1];
	const read = readAsn1(new Uint8Array(Buffer.from(base64 ?? '', 'base64')), 'ber', (root) => {
		const signedData = root.sequence().next() && root.children[1]?.explicit(0).sequence();
		signedData?.next(tags.integer);
		signedData?.next(tags.set);
		signedData?.next(tags.sequence);
		const certificates = signedData?.optional(contextConstructed(0))?.children ?? [];
		const lists = signedData?.optional(contextConstructed(1))?.children ?? [];
		const [signer] = signedData?.next(tags.set).children ?? [];
		const serialNumber = signer?.children[1]?.children[1]?.integer() ?? new Uint8Array();
		const issuer = signer?.children[1]?.children[0]?.encoded ?? new Uint8Array();
		const isSigner = (certificate: (typeof certificates)[number]) => {
			const fields = certificate.children[0]?.children ?? [];
			return (
				Buffer.compare(fields[1]?.content ?? issuer, serialNumber) === 0 &&
				Buffer.compare(fields[3]?.encoded ?? serialNumber, issuer) === 0
			);
		};
		const octets = (elements: typeof certificates) => elements.map(({encoded}) => Uint8Array.from(encoded));
		return {
			signer: octets(certificates.filter(isSigner))[0],
			others: octets(certificates.filter((certificate) => !isSigner(certificate))),
			lists: octets(lists),
		};
	});
	return read.ok ? read.value : undefined;
}

for (const {file, expect, basicVerdict} of cases) {
	test(`NIST PKITS ${path.basename(file, '.eml')} is ${expect}`, async (t) => {
		const message = readMessage(file);
		t.truthy(message?.signer, 'the message has no signer that can be found');
		t.true((message?.lists.length ?? 0) > 0, 'the message has no revocation lists');
		const anchor = new Uint8Array(readFileSync(path.join(folder, 'TrustAnchorRootCertificate.crt')));
		const options = {atMs, purpose: 'sign'} as const;
		const {signer = new Uint8Array(), others = [], lists = []} = message ?? {};
		const validator = new NativeCertificateValidator({
			anchors: [anchor],
			revocationLists: lists,
			revocation: 'required',
		});
		const result = await validator.validate(signer, others, options);
		t.is(result.ok ? 'valid' : 'invalid', expect, result.ok ? '' : result.failure.message);
		t.true(result.ok || result.failure.code !== 'MALFORMED', 'refused for another reason than that of the case');

		const basic = new NativeCertificateValidator({anchors: [anchor], revocation: 'off'});
		const withoutLists = await basic.validate(signer, others, options);
		t.is(withoutLists.ok ? 'accept' : 'reject', basicVerdict, withoutLists.ok ? '' : withoutLists.failure.message);
	});
}

test('NIST PKITS has the cases that are expected of it', (t) => {
	t.is(cases.length, 48);
});

test('docs/interop.md lists every case with its verdicts', (t) => {
	const page = readFileSync('docs/interop.md', 'utf8');
	for (const {file, expect, basicVerdict} of cases) {
		const name = path.basename(file, '.eml').replace('Signed', '');
		t.true(page.includes(`| \`${name}\` | ${expect} | ${basicVerdict === 'accept' ? 'valid' : 'invalid'} |`), name);
	}
});
