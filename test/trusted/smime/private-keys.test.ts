import {generateKeyPairSync, randomBytes} from 'node:crypto';
import {inspect} from 'node:util';
import test from 'ava';
import {SoftwarePrivateKeys} from '#dist/trusted/smime/index.js';
import {codeOf, makeIdentity} from './test-pki.js';

const alice = makeIdentity('p-256', 'alice');
const frank = makeIdentity('rsa', 'frank');
const erin = makeIdentity('x25519', 'erin');
let keys!: SoftwarePrivateKeys;

test.before(() => {
	keys = SoftwarePrivateKeys.fromPem([alice, frank, erin]);
});
test.after.always(() => keys.pool.close());

test('keys are described without their secrets', (t) => {
	t.deepEqual(
		keys.keys.map(({keyId, algorithm}) => [keyId, algorithm]),
		[
			[alice.keyId, 'p-256'],
			[frank.keyId, 'rsa'],
			[erin.keyId, 'x25519'],
		],
	);
	const secret = alice.privateKeyPem.split('\n')[1] ?? 'none';
	t.false(inspect(keys, {depth: 10, showHidden: true}).includes(secret));
	t.false(JSON.stringify(keys).includes(secret));
});

test('operations of another kind of key, unknown keys and inputs out of bounds are refused', async (t) => {
	const point = new Uint8Array(65).fill(4);
	t.is(codeOf(await keys.agree('00', point)), 'UNKNOWN_KEY');
	t.is(codeOf(await keys.agree(frank.keyId, point)), 'WRONG_ALGORITHM');
	t.is(codeOf(await keys.agree(alice.keyId, point)), 'OPERATION_FAILED');
	t.is(codeOf(await keys.agree(alice.keyId, new Uint8Array(66))), 'OPERATION_FAILED');
	t.is(codeOf(await keys.agree(erin.keyId, new Uint8Array(32))), 'OPERATION_FAILED'); // All zeros: no contribution.
	t.is(codeOf(await keys.agree(erin.keyId, new Uint8Array(31))), 'OPERATION_FAILED');
	t.is(codeOf(await keys.decrypt(alice.keyId, 'sha256', new Uint8Array(256))), 'WRONG_ALGORITHM');
	t.is(codeOf(await keys.decrypt(frank.keyId, 'sha256', randomBytes(256))), 'OPERATION_FAILED');
	t.is(codeOf(await keys.decrypt(frank.keyId, 'sha256', new Uint8Array(10_000))), 'OPERATION_FAILED');
	t.is(codeOf(await keys.sign(alice.keyId, 'rsa-pkcs1-sha256', point)), 'WRONG_ALGORITHM');
	t.is(codeOf(await keys.sign(erin.keyId, 'ed25519', point)), 'WRONG_ALGORITHM');
	t.is(codeOf(await keys.sign(alice.keyId, 'ecdsa-sha256', new Uint8Array(4097))), 'OPERATION_FAILED');
	t.is(codeOf(await keys.sign(alice.keyId, 'ecdsa-sha256', new Uint8Array(4096))), 'ok');
});

test('files that do not fit are refused by name, and say nothing of what is in them', (t) => {
	const {certificatePem, privateKeyPem} = alice;
	const open = (pair: Parameters<typeof SoftwarePrivateKeys.fromPem>[0][number]) => () =>
		SoftwarePrivateKeys.fromPem([pair]);
	t.throws(open({certificatePem: '', privateKeyPem}), {code: 'BAD_CERTIFICATE'});
	t.throws(open({certificatePem: certificatePem.replace('MII', 'AAA'), privateKeyPem}), {code: 'BAD_CERTIFICATE'});
	t.throws(open({certificatePem, privateKeyPem: 'none'}), {code: 'BAD_PRIVATE_KEY'});
	t.throws(open({certificatePem, privateKeyPem: frank.privateKeyPem}), {code: 'KEY_MISMATCH'});
	const weak = makeIdentity('rsa-1024');
	t.throws(open(weak), {code: 'UNSUPPORTED_KEY'});
});

test('an encrypted key opens with its passphrase and with no other', async (t) => {
	const identity = makeIdentity('p-256');
	const privateKeyPem = identity.key.export({
		type: 'pkcs8',
		format: 'pem',
		cipher: 'aes-256-cbc',
		passphrase: 'correct horse',
	}) as string;
	const open = (passphrase?: string) =>
		SoftwarePrivateKeys.fromPem([{...identity, privateKeyPem, ...(passphrase !== undefined && {passphrase})}]);
	const opened = open('correct horse');
	t.is(opened.keys.length, 1);
	await opened.pool.close();
	for (const wrong of ['battery staple', undefined]) {
		const error = t.throws(() => open(wrong), {code: 'BAD_PRIVATE_KEY'});
		t.false(inspect(error).includes('battery'));
	}
});

test('a certificate chain is kept in its order', async (t) => {
	const intermediate = makeIdentity('p-256', 'intermediate');
	const opened = SoftwarePrivateKeys.fromPem([
		{...alice, certificatePem: alice.certificatePem + intermediate.certificatePem},
	]);
	t.deepEqual(opened.keys[0]?.chain, [intermediate.der]);
	await opened.pool.close();
});

test('both ends of an agreement come to one secret', async (t) => {
	const {publicKey, privateKey} = generateKeyPairSync('x25519');
	const {diffieHellman, createPublicKey} = await import('node:crypto');
	const point = Buffer.from(publicKey.export({format: 'jwk'}).x ?? '', 'base64url');
	const agreed = await keys.agree(erin.keyId, point);
	t.true(agreed.ok);
	const other = diffieHellman({privateKey, publicKey: createPublicKey(erin.key)});
	t.deepEqual(agreed.ok ? Buffer.from(agreed.value) : undefined, other);
});
