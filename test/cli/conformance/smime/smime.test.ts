import {cp, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type ConformanceReport, runConformance} from '#dist/cli/conformance/index.js';
import {serialWithShared, sharedPath, testWithShared} from '../../../wire/shared-vectors.js';

const folder = sharedPath();
const vectors = testWithShared(['smime'], ['sipsmime']);
const serially = serialWithShared(['smime'], ['sipsmime']);

test('a folder without vectors passes nothing', async (t) => {
	const empty = await temporary(t);
	t.false((await runConformance(empty, {families: ['smime', 'sipsmime']})).ok);
});

vectors('every S/MIME vector passes, and skips are those that we state', async (t) => {
	t.timeout(300_000);
	const report = await runConformance(folder, {families: ['smime', 'sipsmime']});
	t.deepEqual(failures(report), []);
	t.true((report.families['smime']?.passed ?? 0) >= 60);
	t.true((report.families['sipsmime']?.passed ?? 0) >= 23);
	const skips = report.outcomes.flatMap((outcome) => (outcome.verdict === 'skipped' ? [outcome] : []));
	t.true(skips.filter(({reason}) => /which takes lists/.test(reason)).length <= 4);
	for (const {reason, id} of skips) {
		t.regex(reason, /RSA PKCS#1 v1\.5|by shared key|which takes lists that another key signs/, id);
	}
});

/** One changed place, and what must be said of it. */
const changes: readonly {
	readonly of: string;
	readonly file: string;
	readonly change: object;
	readonly difference: RegExp;
}[] = [
	{of: 'sipsmime', file: 'bad-gcm-tag.sip', change: {expect: 'accept'}, difference: /got DECRYPTION_FAILED/},
	{of: 'sipsmime', file: 'bad-cert-mallory.sip', change: {expect: 'reject-493'}, difference: /got 403/},
	{
		of: 'sipsmime',
		file: 'bad-cert-alice-expired.sip',
		change: {why: 'unknown CA'},
		difference: /got CERTIFICATE_REFUSED EXPIRED/,
	},
	{of: 'sipsmime', file: 'bad-signature-flip.sip', change: {why: 'GCM tag flipped'}, difference: /got BAD_SIGNATURE/},
	{
		of: 'sipsmime',
		file: 'bad-noattr.sip',
		change: {why: 'it is Tuesday'},
		difference: /a reason that this version knows/,
	},
	{
		of: 'sipsmime',
		file: 'ok-sign-bc-ed25519-env-gcm.sip',
		change: {expect: 'reject-403', why: 'not signed'},
		difference: /got it accepted/,
	},
	{of: 'sipsmime', file: 'ok-sign-bc-ed25519-env-gcm.sip', change: {signer: 'bob'}, difference: /the identity sip:bob/},
	{
		of: 'sipsmime',
		file: 'ok-sign-bc-ed25519-env-gcm.sip',
		change: {innerSdpSha256: '00'},
		difference: /digest of the inner octets of 00/,
	},
	{of: 'sipsmime', file: 'tunnel-ok.sip', change: {now: '2026-11-25T06:00:00Z'}, difference: /got STALE/},
	{of: 'smime/rfc4134', file: '4.2.bin', change: {policy: 'accept'}, difference: /a policy that this version knows/},
	{of: 'smime/rfc4134', file: '4.2.bin', change: {expect: 'content'}, difference: /Expected id-data/},
	{
		of: 'smime/rfc4134',
		file: '6.0.bin',
		change: {expect: 'valid-weak', policy: 'reject-weak'},
		difference: /Expected WEAK, got UNSUPPORTED/,
	},
	{
		of: 'smime/openssl',
		file: 'no_ct_attr.cms',
		change: {what: 'malformed'},
		difference: /Expected MALFORMED or UNSUPPORTED, got BAD_ATTRIBUTES/,
	},
	{
		of: 'smime/openssl',
		file: 'ciphertext_from_1_1_1.cms',
		change: {expect: 'decrypts: "other"'},
		difference: /other content|got WEAK/,
	},
	{
		of: 'smime/pkits',
		file: 'eml/SignedInvalidCASignatureTest2.eml',
		change: {basicVerdict: 'accept'},
		difference: /Expected accept without revocation lists/,
	},
];

for (const {of, file, change, difference} of changes) {
	serially(`the runner tells when ${file} should be ${JSON.stringify(change)}`, async (t) => {
		const copy = await temporary(t);
		await cp(join(folder, of), copy, {recursive: true});
		const path = join(copy, 'expected.json');
		const content = JSON.parse(await readFile(path, 'utf8')) as {cases: {file: string}[]};
		const vector = content.cases.find((entry) => entry.file === file);
		t.truthy(vector);
		await writeFile(path, JSON.stringify({...content, cases: [{...vector, ...change}]}));
		const told = failures(await runConformance(copy));
		t.is(told.length, 1);
		t.regex(told[0] ?? '', difference);
	});
}

function failures({outcomes}: ConformanceReport): readonly string[] {
	return outcomes.flatMap((outcome) =>
		outcome.verdict === 'failed' ? [`${outcome.file} ${outcome.id}: ${outcome.difference}`] : [],
	);
}

async function temporary(t: ExecutionContext): Promise<string> {
	const made = await mkdtemp(join(tmpdir(), 'sallyport-conformance-'));
	t.teardown(() => rm(made, {recursive: true, force: true}));
	return made;
}
