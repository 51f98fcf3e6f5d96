import test from 'ava';
import {type CmsProvider, type ContentCipher, openCmsProvider} from '#dist/trusted/smime/index.js';
import type {PeerRules} from '#dist/trusted/toolbox/index.js';
import {pemToDer} from '#dist/wire/asn1/index.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {must} from '../smime/test-pki.js';
import {signedByBob, signedContent} from './support/signed-by-bob.js';
import {
	answerOf,
	install,
	mint,
	openWorld,
	reasonOf,
	receive,
	sdpOf,
	sealedInvite,
	send,
	type World,
} from './support/world.js';

/** Bob's INVITE again, signed so that it says which ciphers he opens. */
async function announcing(
	world: World,
	invite: SipRequest,
	own: CmsProvider,
	capabilities: readonly ContentCipher[],
): Promise<SipRequest> {
	const [recipient = new Uint8Array()] = must(pemToDer(world.gateway.certificatePem));
	const inner = signedByBob(world, await signedContent(own, invite.body), 'sha256', capabilities);
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
		const {world, caller, callee} = await openWorld(t, {defaults: {...rules, binding: 'none'}});
		const {provider} = await openCmsProvider({keys: [world.bob, world.gateway]});
		t.teardown(() => provider.close());
		const invite = await announcing(world, await sealedInvite(caller), provider, said);
		const release = await receive(callee, invite);
		t.is(reasonOf(release), 'released');
		t.true(release.verdict === 'release' && (await install(callee, release)));
		const handle = await mint(callee, 'c1');
		const answer = await send(callee, answerOf(invite, sdpOf(handle)), {role: 'answer'});
		t.is(must(await provider.decrypt(answer.message.body)).cipher, written);
	});
}
