import {createHash, createPrivateKey, sign} from 'node:crypto';
import test from 'ava';
import {type CmsProvider, type ContentCipher, openCmsProvider, readCertificate} from '#dist/trusted/smime/index.js';
import {derSignedAttributes} from '#dist/trusted/smime/signed-attributes.js';
import {derSignedData} from '#dist/trusted/smime/signed-data.js';
import type {PeerRules} from '#dist/trusted/toolbox/index.js';
import {derObjectIdentifier, derSequence, pemToDer} from '#dist/wire/asn1/index.js';
import {writeMimeEntity} from '#dist/wire/mime/entity.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {must} from '../smime/test-pki.js';
import {
	answerOf,
	install,
	makeWorld,
	mint,
	openPair,
	reasonOf,
	receive,
	sdpOf,
	sealedInvite,
	send,
	type World,
} from './support/world.js';

/** Bob's INVITE again, signed so that it says which ciphers he opens. */
async function announcing(
	{bob, gateway, clock}: World,
	invite: SipRequest,
	own: CmsProvider,
	capabilities: readonly ContentCipher[],
): Promise<SipRequest> {
	const [der = new Uint8Array()] = must(pemToDer(bob.certificatePem));
	const [recipient = new Uint8Array()] = must(pemToDer(gateway.certificatePem));
	const entity = Buffer.from(must(await own.decrypt(invite.body)).content);
	const {content} = must(await own.verify(entity.subarray(entity.indexOf('\r\n\r\n') + 4)));
	const digestAlgorithm = derSequence(derObjectIdentifier('2.16.840.1.101.3.4.2.1'));
	const signatureAlgorithm = derSequence(derObjectIdentifier('1.2.840.10045.4.3.2'));
	const signedAttributes = derSignedAttributes({
		messageDigest: createHash('sha256').update(content).digest(),
		signingTimeMs: clock.wallMs(),
		digestAlgorithm,
		signatureAlgorithm,
		capabilities,
	});
	const signer = {
		certificate: must(readCertificate(der)),
		identifiedBy: 'issuer-and-serial',
		digestAlgorithm,
		signatureAlgorithm,
		signedAttributes,
		signature: sign('sha256', signedAttributes, createPrivateKey(bob.privateKeyPem)),
	} as const;
	const inner = writeMimeEntity({
		headers: [{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=signed-data'}],
		body: derSignedData({content, certificates: [der], signers: [signer]}),
	});
	const sealed = await own.encrypt({content: inner, recipients: [recipient], cipher: 'AES-256-GCM'});
	return {...invite, body: must(sealed)};
}

for (const [said, rules, written] of [
	[['AES-128-GCM'], {}, 'AES-256-GCM'],
	[['AES-128-GCM'], {otherCiphers: ['AES-256-CBC', 'AES-128-GCM']}, 'AES-128-GCM'],
	[['AES-256-CBC', 'AES-256-GCM'], {otherCiphers: ['AES-256-CBC']}, 'AES-256-GCM'],
	[['AES-128-CBC'], {otherCiphers: ['AES-256-CBC']}, 'AES-256-GCM'],
	[[], {otherCiphers: ['AES-256-CBC']}, 'AES-256-GCM'],
] as const satisfies readonly (readonly [readonly ContentCipher[], PeerRules, ContentCipher])[]) {
	const allowed = 'otherCiphers' in rules ? rules.otherCiphers.join(' and ') : 'nothing else';
	test(`who opens ${said.join(' and ') || 'nothing'}, where ${allowed} may be written, gets ${written}`, async (t) => {
		const world = await makeWorld();
		const {caller, callee} = await openPair(world, {defaults: {...rules, binding: 'none'}});
		const keys = [world.bob, world.gateway];
		const {provider} = await openCmsProvider({keys});
		t.teardown(async () => {
			await provider.close();
			await caller.close();
			await callee.close();
			world.dispose();
		});
		const invite = await announcing(world, await sealedInvite(caller), provider, said);
		const release = await receive(callee, invite);
		t.is(reasonOf(release), 'released');
		t.true(release.verdict === 'release' && (await install(callee, release)));
		const handle = await mint(callee, 'c1');
		const answer = await send(callee, answerOf(invite, sdpOf(handle)), {role: 'answer'});
		t.is(must(await provider.decrypt(answer.message.body)).cipher, written);
	});
}
