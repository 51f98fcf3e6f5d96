import test from 'ava';
import {parseEcdsaSignature} from '#dist/trusted/smime/ecdsa-signature.js';
import {deriveKey} from '#dist/trusted/smime/key-derivation.js';
import {derInteger, derSequence} from '#dist/wire/asn1/index.js';

const fromHex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const nothing = new Uint8Array();

test('ANSI-X9.63-KDF matches the CAVS vector of NIST for SHA-256', (t) => {
	const secret = fromHex('96c05619d56c328ab95fe84b18264b08725b85e33fd34f08');
	const key = deriveKey({function: 'x963', hash: 'sha256', sharedInfo: nothing, salt: nothing, keyBytes: 16}, secret);
	t.deepEqual(key, fromHex('443024c3dae66b95e6f5670601558f71'));
});

test('ANSI-X9.63-KDF takes a second block where one hash is too short', (t) => {
	const derivation = {function: 'x963', sharedInfo: nothing, salt: nothing} as const;
	const short = deriveKey({...derivation, hash: 'sha1', keyBytes: 16}, Uint8Array.of(1));
	const long = deriveKey({...derivation, hash: 'sha1', keyBytes: 32}, Uint8Array.of(1));
	t.is(long.length, 32);
	t.deepEqual(long.subarray(0, 16), short);
});

test('HKDF matches RFC 5869 A.1 and A.3', (t) => {
	const secret = new Uint8Array(22).fill(0x0b);
	const salted = deriveKey(
		{
			function: 'hkdf',
			hash: 'sha256',
			sharedInfo: fromHex('f0f1f2f3f4f5f6f7f8f9'),
			salt: fromHex('000102030405060708090a0b0c'),
			keyBytes: 32,
		},
		secret,
	);
	t.deepEqual(salted, fromHex('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf'));
	const plain = deriveKey({function: 'hkdf', hash: 'sha256', sharedInfo: nothing, salt: nothing, keyBytes: 32}, secret);
	t.deepEqual(plain, fromHex('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d'));
});

test('an ECDSA signature is two positive numbers in DER and nothing else', (t) => {
	const good = derSequence(derInteger(1), derInteger(0xff));
	t.deepEqual(parseEcdsaSignature(good, 2), fromHex('000100ff'));
	t.is(parseEcdsaSignature(derSequence(derInteger(0), derInteger(1)), 2), undefined);
	t.is(parseEcdsaSignature(derSequence(derInteger(-1), derInteger(1)), 2), undefined);
	t.is(parseEcdsaSignature(derSequence(derInteger(1), derInteger(0x01_00_00)), 2), undefined);
	t.is(parseEcdsaSignature(derSequence(derInteger(1)), 2), undefined);
	t.is(parseEcdsaSignature(derSequence(derInteger(1), derInteger(1), derInteger(1)), 2), undefined);
	t.is(parseEcdsaSignature(fromHex('3080020101020101 0000'.replace(' ', '')), 2), undefined);
	t.is(parseEcdsaSignature(nothing, 2), undefined);
});
