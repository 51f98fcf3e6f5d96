import {createHash, createPrivateKey, sign} from 'node:crypto';
import test from 'ava';
import {openCmsProvider, readCertificate} from '#dist/trusted/smime/index.js';
import {derSignedAttributes} from '#dist/trusted/smime/signed-attributes.js';
import {derSignedData} from '#dist/trusted/smime/signed-data.js';
import {type PeerOptions, Toolbox} from '#dist/trusted/toolbox/index.js';
import {derObjectIdentifier, derSequence, pemToDer} from '#dist/wire/asn1/index.js';
import {writeMimeEntity} from '#dist/wire/mime/entity.js';
import {withHeader} from '#dist/wire/sip/headers.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {must} from '../smime/test-pki.js';
import {makeWorld, openPair, reasonOf, receive, sealedInvite, type World} from './support/world.js';

const bobsRules = {name: 'bob', match: {aor: 'sip:bob@biloxi.example.com'}} as const;
const acceptsSha1 = {legacy: ['i-accept-sha1-signatures']} as const;

/** Bob's INVITE again, with what was signed made anew: by SHA-1, or not at all. */
async function sealedAgain(
	world: World,
	invite: SipRequest,
	{
		signature = 'sha1',
		cipher = 'AES-256-GCM',
	}: {readonly signature?: 'sha1' | 'none'; readonly cipher?: 'AES-256-GCM' | 'AES-128-CBC'},
): Promise<SipRequest> {
	const {certificatePem, privateKeyPem} = world.gateway;
	const {provider} = await openCmsProvider({keys: [{certificatePem, privateKeyPem}]});
	const entity = Buffer.from(must(await provider.decrypt(invite.body)).content);
	const {content} = must(await provider.verify(entity.subarray(entity.indexOf('\r\n\r\n') + 4)));
	const inner = signature === 'none' ? content : signedBySha1(world, content);
	const [recipient = new Uint8Array()] = must(pemToDer(certificatePem));
	const body = must(await provider.encrypt({content: inner, recipients: [recipient], cipher}));
	await provider.close();
	return {...invite, body};
}

function signedBySha1({bob, clock}: World, content: Uint8Array): Uint8Array {
	const [der = new Uint8Array()] = must(pemToDer(bob.certificatePem));
	const digestAlgorithm = derSequence(derObjectIdentifier('1.3.14.3.2.26'));
	const signatureAlgorithm = derSequence(derObjectIdentifier('1.2.840.10045.4.1'));
	const signedAttributes = derSignedAttributes({
		messageDigest: createHash('sha1').update(content).digest(),
		signingTimeMs: clock.wallMs(),
		digestAlgorithm,
		signatureAlgorithm,
	});
	const body = derSignedData({
		content,
		certificates: [der],
		signers: [
			{
				certificate: must(readCertificate(der)),
				identifiedBy: 'issuer-and-serial',
				digestAlgorithm,
				signatureAlgorithm,
				signedAttributes,
				signature: sign('sha1', signedAttributes, createPrivateKey(bob.privateKeyPem)),
			},
		],
	});
	return writeMimeEntity({
		headers: [{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=signed-data'}],
		body,
	});
}

for (const [title, peers, expected] of [
	['nobody is named', [], 'CMS_WEAK'],
	['the peer is named', [{...bobsRules, ...acceptsSha1}], 'released'],
	['the peer is named for something else', [{...bobsRules, legacy: ['i-accept-3des']}], 'CMS_WEAK'],
	[
		'another peer is named by its certificate',
		[{name: 'trunk', kind: 'trunk', match: {certificate: '00'.repeat(32)}, ...acceptsSha1}],
		'CMS_WEAK',
	],
] as const satisfies readonly (readonly [string, readonly PeerOptions[], string])[]) {
	test(`a signature with SHA-1 where ${title}: ${expected}`, async (t) => {
		const world = await makeWorld();
		const {caller, callee} = await openPair(world, {peers});
		t.teardown(async () => {
			await caller.close();
			await callee.close();
			world.dispose();
		});
		const invite = await sealedInvite(caller);
		const again = await sealedAgain(world, invite, {});
		const isCertified = peers.some(({match}) => 'certificate' in match);
		// What was refused in another's name, and is remembered as such, is not refused for that in this one's.
		const inAnothersName = withHeader(again, 'From', '<sip:mallory@biloxi.example.com>;tag=m-1');
		for (const call of ['m1', 'm2', 'm3']) {
			t.is(reasonOf(await receive(callee, inAnothersName, {call})), isCertified ? 'IDENTITY_MISMATCH' : 'CMS_WEAK');
		}
		t.is(reasonOf(await receive(callee, again)), expected);
	});
}

test('what CBC decrypts is not released without a signature inside, whatever the rules', async (t) => {
	const world = await makeWorld();
	const {caller, callee} = await openPair(world, {
		peers: [
			{
				...bobsRules,
				legacy: ['i-accept-sha1-signatures', 'i-accept-3des'],
				binding: 'none',
				protection: {inbound: 'clear', outbound: 'clear'},
			},
		],
	});
	t.teardown(async () => {
		await caller.close();
		await callee.close();
		world.dispose();
	});
	const invite = await sealedInvite(caller);
	for (const cipher of ['AES-128-CBC', 'AES-256-GCM'] as const) {
		const verdict = await receive(callee, await sealedAgain(world, invite, {signature: 'none', cipher}));
		t.is(reasonOf(verdict), 'NOT_SIGNED', cipher);
		t.false(JSON.stringify(verdict).includes('m=audio'));
	}
	t.is(reasonOf(await receive(callee, await sealedAgain(world, invite, {cipher: 'AES-128-CBC'}))), 'released');
});

test('rules that the provider cannot follow are refused when the toolbox opens', async (t) => {
	const world = await makeWorld();
	t.teardown(() => world.dispose());
	const {provider} = await openCmsProvider({keys: []});
	t.teardown(() => provider.close());
	const isCapable = provider.capabilities.legacy.includes('rsa-pkcs1-key-transport');
	const peers: readonly PeerOptions[] = [{...bobsRules, legacy: ['i-accept-rsa-pkcs1-key-transport']}];
	const opening = Toolbox.open(world.options('gateway', world.gateway, {peers}), {clock: world.clock});
	if (isCapable) {
		await (await opening).close();
	} else {
		await t.throwsAsync(opening, {code: 'NOT_CAPABLE', message: /rsa-pkcs1-key-transport/});
	}

	const open = (more: object) => Toolbox.open(world.options('other', world.gateway, more), {clock: world.clock});
	await t.throwsAsync(open({cmsProvider: 'forge'}), {code: 'NOT_CAPABLE'});
	await t.throwsAsync(open({defaults: {legacy: ['i-accept-3des']}}), {code: 'BAD_OPTIONS'});
	await t.throwsAsync(open({peers: [{...bobsRules, legacy: ['i-accept-md5']}]}), {code: 'BAD_OPTIONS'});
});
