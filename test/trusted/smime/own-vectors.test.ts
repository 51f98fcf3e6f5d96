import {readFileSync} from 'node:fs';
import test from 'ava';
import type {CmsProvider, PemKeyPair} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {codeOf} from './test-pki.js';

type Vectors = {
	readonly content: string;
	readonly keys: readonly PemKeyPair[];
	readonly cases: readonly {
		readonly id: string;
		readonly source: string;
		readonly body: string;
		/** How decryption ends, and how verification of what is inside ends. */
		readonly decrypt: string;
		readonly verify?: string;
	}[];
};

const vectors = JSON.parse(readFileSync('test/vectors/smime/sealed.json', 'utf8')) as Vectors;
let provider!: CmsProvider;

test.before(async () => {
	({provider} = await openCmsProvider({keys: vectors.keys}));
});
test.after.always(() => provider.close());

for (const {id, source, body, decrypt, verify} of vectors.cases) {
	test(`${id} (${source}): ${verify ?? decrypt}`, async (t) => {
		const decrypted = await provider.decrypt(Buffer.from(body, 'base64'));
		t.is(codeOf(decrypted), decrypt);
		if (decrypted.ok) {
			const verified = await provider.verify(decrypted.value.content);
			t.is(codeOf(verified), verify ?? 'ok');
			t.is(verified.ok ? Buffer.from(verified.value.content).toString() : vectors.content, vectors.content);
		}
	});
}
