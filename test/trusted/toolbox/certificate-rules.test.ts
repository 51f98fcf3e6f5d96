import {X509Certificate} from 'node:crypto';
import test from 'ava';
import {Toolbox, type ToolboxOptions} from '#dist/trusted/toolbox/index.js';
import {derToPem} from '#dist/wire/asn1/index.js';
import {makeWorld, openPair, reasonOf, receive, sealedInvite, type World} from './support/world.js';

type CertificateRules = NonNullable<ToolboxOptions['certificates']>;

function listOf({authority, clock}: World, revoked: readonly string[], days = 7): string {
	const nowMs = clock.wallMs();
	const der = authority.writeRevocationList({
		revoked: revoked.map((serialNumber) => ({serialNumber, revokedAtMs: nowMs})),
		number: 1,
		thisUpdateMs: nowMs - 8 * 86_400_000,
		nextUpdateMs: nowMs + (days - 8) * 86_400_000,
	});
	return derToPem(der, 'X509 CRL');
}

/** What becomes of Bob's sealed offer under certificate rules. */
async function verdictUnder(rulesOf: (world: World) => CertificateRules): Promise<string> {
	const world = await makeWorld();
	const {caller, callee} = await openPair(world, {certificates: rulesOf(world)});
	try {
		const reply = await receive(callee, await sealedInvite(caller));
		return reply.verdict === 'release' ? 'release' : reasonOf(reply);
	} finally {
		await caller.close();
		await callee.close();
		world.dispose();
	}
}

const serialOfBob = ({bob}: World) => new X509Certificate(bob.certificatePem).serialNumber;

test('a revoked signer is refused, and so is everybody where lists are required and none is current', async (t) => {
	t.is(await verdictUnder(() => ({})), 'release');
	t.is(await verdictUnder(() => ({revocation: 'required'})), 'CERTIFICATE_REFUSED');
	t.is(await verdictUnder((world) => ({revocation: 'required', revocationLists: [listOf(world, [], 15)]})), 'release');
	const revoked = (world: World) => [listOf(world, [serialOfBob(world)], 15)];
	t.is(await verdictUnder((world) => ({revocationLists: revoked(world)})), 'CERTIFICATE_REFUSED');
	t.is(await verdictUnder((world) => ({revocation: 'off', revocationLists: revoked(world)})), 'release');
	t.is(await verdictUnder((world) => ({revocationLists: [listOf(world, [], 7)]})), 'CERTIFICATE_REFUSED');
	t.is(await verdictUnder(() => ({policies: ['1.2.3.4']})), 'CERTIFICATE_REFUSED');
});

test('certificate rules that cannot be read are refused at the start', async (t) => {
	const world = await makeWorld();
	t.teardown(() => world.dispose());
	const wrong: readonly CertificateRules[] = [
		{revocationLists: [world.anchor]},
		{revocationLists: ['-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n']},
		{policies: ['email']},
		{clockSkewSeconds: -1},
	];
	for (const certificates of wrong) {
		await t.throwsAsync(Toolbox.open(world.options('wrong', world.gateway, {certificates})), {code: 'BAD_OPTIONS'});
	}
});
