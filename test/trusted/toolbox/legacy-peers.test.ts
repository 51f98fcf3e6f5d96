import test from 'ava';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {type PeerOptions, Toolbox} from '#dist/trusted/toolbox/index.js';
import {pemToDer} from '#dist/wire/asn1/index.js';
import {withHeader} from '#dist/wire/sip/headers.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {must} from '../smime/test-pki.js';
import {signedByBob, signedContent} from './support/signed-by-bob.js';
import {makeWorld, openWorld, reasonOf, receive, sealedInvite, type World} from './support/world.js';

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
	const content = await signedContent(provider, invite.body);
	const inner = signature === 'none' ? content : signedByBob(world, content, 'sha1');
	const [recipient = new Uint8Array()] = must(pemToDer(certificatePem));
	const body = must(await provider.encrypt({content: inner, recipients: [recipient], cipher}));
	await provider.close();
	return {...invite, body};
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
		const {world, caller, callee} = await openWorld(t, {peers});
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
	const {world, caller, callee} = await openWorld(t, {
		peers: [
			{
				...bobsRules,
				legacy: ['i-accept-sha1-signatures', 'i-accept-3des'],
				binding: 'none',
				protection: {inbound: 'clear', outbound: 'clear'},
			},
		],
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
