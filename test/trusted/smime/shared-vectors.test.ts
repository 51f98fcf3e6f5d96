import {createHash} from 'node:crypto';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type {CmsProvider, PemKeyPair} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {pemToDer} from '#dist/wire/asn1/index.js';
import {sharedPath, testWithShared} from '../../wire/shared-vectors.js';
import {codeOf, must} from './test-pki.js';

// Messages that others made, read from beside the checkout where they are to be had. What is not CMS about them (MIME,
// identity, certificates, dates) is judged elsewhere.

// The project's own vectors (own-vectors.test.ts) run everywhere.
const folder = sharedPath();
const isThere = existsSync(path.join(folder, 'sipsmime')) && existsSync(path.join(folder, 'smime'));
const vectors = testWithShared(['sipsmime'], ['smime']);

let provider!: CmsProvider;

test.before(async (t) => {
	t.log(isThere ? `vectors of ${folder}` : `NOT RUN: no vectors in ${folder}`);
	({provider} = await openCmsProvider({keys: isThere ? [pair('gw'), pair('gwrsa')] : []}));
});
test.after.always(() => provider.close());

test('without any vectors an empty message is still refused', async (t) => {
	t.is(codeOf(await provider.decrypt(new Uint8Array())), 'MALFORMED');
});

type SipCase = {readonly file: string; readonly innerSdpSha256?: string};

/** What CMS has to say to each file: how decryption ends, and how verification of what is inside ends. */
const sipOutcomes: Readonly<Record<string, readonly [string, string?]>> = {
	'ok-sign-ossl-p256-env-gcm-ecdh.sip': ['ok', 'ok'],
	'ok-sign-bc-ed25519-env-gcm.sip': ['ok', 'ok'],
	// RSA PKCS#1 v1.5 key transport: what answers to it tell an attacker cannot be hidden before OpenSSL 3.2.
	'ok-sign-ossl-pss-env-cbc-rsa.sip': ['WEAK'],
	'ok-sign-certtool-env-gpgsm.sip': ['WEAK'],
	'bad-signature-flip.sip': ['ok', 'BAD_SIGNATURE'],
	'bad-gcm-tag.sip': ['DECRYPTION_FAILED'],
	'bad-wrong-recipient.sip': ['NOT_FOR_US'],
	'bad-unsigned.sip': ['ok', 'MALFORMED'],
	'bad-sha1-digest.sip': ['ok', 'WEAK'],
	'bad-noattr.sip': ['ok', 'BAD_ATTRIBUTES'],
	'bad-gcm-icv1.sip': ['UNSUPPORTED'],
	'bad-gcm-icv8.sip': ['UNSUPPORTED'],
	'bad-gcm-relabelled-ofb.sip': ['UNSUPPORTED'],
	// Refused for their certificates or types, not for their cryptography.
	'bad-cert-mallory.sip': ['ok', 'ok'],
	'bad-cert-alice-expired.sip': ['ok', 'ok'],
	'bad-cert-alice-other.sip': ['ok', 'ok'],
	'bad-cert-alice-badeku.sip': ['ok', 'ok'],
	'bad-cert-alice-self.sip': ['ok', 'ok'],
	'bad-unsupported-type.sip': ['ok', 'ok'],
};

vectors('sealed SIP bodies of other producers end as they should', async (t) => {
	const {cases} = JSON.parse(readText('sipsmime/expected.json')) as {readonly cases: readonly SipCase[]};
	const files = new Map(cases.map((entry) => [entry.file, entry]));
	for (const [file, [decryption, verification]] of Object.entries(sipOutcomes)) {
		const decrypted = await provider.decrypt(bodyOf(readFileSync(path.join(folder, 'sipsmime', file))));
		t.is(codeOf(decrypted), decryption, file);
		if (decrypted.ok) {
			const verified = await provider.verify(bodyOf(Buffer.from(decrypted.value.content)));
			t.is(codeOf(verified), verification ?? 'ok', file);
			const digest = files.get(file)?.innerSdpSha256;
			if (verified.ok && digest !== undefined) {
				t.is(createHash('sha256').update(verified.value.content).digest('hex'), digest, file);
			}
		}
	}
});

vectors('clear-signed SIP bodies verify', async (t) => {
	for (const file of readdirSync(path.join(folder, 'sipsmime')).filter((name) => /^(tunnel|ok-multipart)/.test(name))) {
		const [content, signature] = splitMultipart(bodyOf(readFileSync(path.join(folder, 'sipsmime', file))));
		t.is(codeOf(await provider.verify(signature, content)), 'ok', file);
		t.is(codeOf(await provider.verify(signature, Buffer.concat([content, Buffer.from(' ')]))), 'BAD_SIGNATURE', file);
	}
});

vectors('the signatures of the PKITS messages verify, whatever their paths are worth', async (t) => {
	const names = readdirSync(path.join(folder, 'smime/pkits/eml'));
	t.true(names.length > 40);
	for (const name of names) {
		const text = readText(`smime/pkits/eml/${name}`).replace(/\r?\n/g, '\r\n');
		const [content, signature] = splitMultipart(Buffer.from(text, 'latin1'));
		const result = must(await provider.verify(signature, content));
		t.is(result.signers[0]?.scheme, 'rsa-pkcs1-sha256', name);
	}
});

vectors('the examples of RFC 4134 are named weak or of another type', async (t) => {
	for (const file of ['4.1.bin', '4.2.bin', '4.3.bin', '4.6.bin', '4.10.bin']) {
		t.is(codeOf(await provider.verify(readFileSync(path.join(folder, 'smime/rfc4134', file)))), 'WEAK', file);
	}
	t.is(codeOf(await provider.decrypt(readFileSync(path.join(folder, 'smime/rfc4134/5.1.bin')))), 'WEAK');
	t.is(codeOf(await provider.verify(readFileSync(path.join(folder, 'smime/rfc4134/6.0.bin')))), 'UNSUPPORTED');
});

vectors('what crashed or fooled OpenSSL is refused by name', async (t) => {
	const read = (file: string) => readFileSync(path.join(folder, 'smime/openssl', file));
	t.is(codeOf(await provider.verify(read('no_ct_attr.cms'))), 'BAD_ATTRIBUTES');
	t.is(codeOf(await provider.verify(read('bad_signtime_attr.cms'))), 'BAD_ATTRIBUTES');
	t.is(codeOf(await provider.decrypt(read('rsa-malformed.der'))), 'NOT_FOR_US');
	t.is(codeOf(await provider.decrypt(read('dh-malformed.der'))), 'NOT_FOR_US');
	const base64 = bodyOf(Buffer.from(read('ciphertext_from_1_1_1.cms').toString('latin1').replace(/\r?\n/g, '\r\n')));
	t.is(codeOf(await provider.decrypt(Buffer.from(base64.toString(), 'base64'))), 'WEAK');
	const [attributes = new Uint8Array()] = must(pemToDer(read('authenveloped_attrs.pem').toString(), 'CMS'));
	t.is(codeOf(await provider.decrypt(attributes)), 'NOT_FOR_US');
});

function readText(file: string): string {
	return readFileSync(path.join(folder, file), 'latin1');
}

function pair(name: string): PemKeyPair {
	return {certificatePem: readText(`sipsmime/pki/${name}.pem`), privateKeyPem: readText(`sipsmime/pki/${name}.key`)};
}

function bodyOf(message: Buffer): Buffer {
	return message.subarray(message.indexOf('\r\n\r\n') + 4);
}

/** First part as it was signed, and the octets of the second. */
function splitMultipart(body: Buffer): readonly [Buffer, Buffer] {
	const text = body.toString('latin1');
	const boundary = /^--[^\r\n]+/m.exec(text)?.[0] ?? '';
	const [, first = '', second = ''] = `\r\n${text}`.split(`\r\n${boundary}`);
	const at = second.indexOf('\r\n\r\n');
	const isBase64 = /transfer-encoding:\s*base64/i.test(second.slice(0, at));
	return [Buffer.from(first.slice(2), 'latin1'), Buffer.from(second.slice(at + 4), isBase64 ? 'base64' : 'latin1')];
}
