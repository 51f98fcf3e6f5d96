import test from 'ava';

type DeriveSourceEntries = (files: readonly [name: string, text: string][]) => [name: string, text: string][];
const {deriveSourceEntries} = (await import(
	new URL('../../../native/install/apt-entries.mjs', import.meta.url).href
)) as {
	deriveSourceEntries: DeriveSourceEntries;
};

test('a one-line entry keeps its options, mirror, suite and components', (t) => {
	const text = [
		'# deb http://mirror/old bookworm main',
		'deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://mirror/debian bookworm main contrib',
		'  deb-src http://mirror/debian bookworm-updates main',
		'deb cdrom:[Debian 12]/ bookworm main',
		'',
	].join('\n');
	t.deepEqual(deriveSourceEntries([['sources.list', text]]), [
		[
			'sources.list',
			'deb-src [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://mirror/debian bookworm main contrib\n' +
				'deb-src http://mirror/debian bookworm-updates main\n',
		],
	]);
});

test('a one-line file that has both kinds asks once', (t) => {
	const text = 'deb http://mirror/debian bookworm main\ndeb-src http://mirror/debian bookworm main\n';
	t.deepEqual(deriveSourceEntries([['a.list', text]]), [['a.list', 'deb-src http://mirror/debian bookworm main\n']]);
});

test('a deb822 stanza keeps Signed-By, an inline key too', (t) => {
	const key = 'Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----';
	const text = `# a comment\nTypes: deb\nURIs: http://mirror/debian\nSuites: bookworm\nComponents: main\n${key}\n`;
	t.deepEqual(deriveSourceEntries([['debian.sources', text]]), [
		['debian.sources', text.replace('Types: deb', 'Types: deb-src')],
	]);
});

test('deb822 stanzas are taken one by one; disabled ones are left out', (t) => {
	const text = [
		'Types: deb deb-src\nURIs: http://mirror/one\nSuites: bookworm\nComponents: main',
		'Types: deb\nEnabled: no\nURIs: http://mirror/two\nSuites: bookworm\nComponents: main',
		'Types: deb\nURIs: http://mirror/three\nSuites: bookworm-security\nComponents: main\n',
	].join('\n\n');
	const [[, derived] = ['', '']] = deriveSourceEntries([['debian.sources', text]]);
	t.deepEqual(derived.match(/^(Types|URIs): .*$/gm), [
		'Types: deb-src',
		'URIs: http://mirror/one',
		'Types: deb-src',
		'URIs: http://mirror/three',
	]);
});

test('files without an entry disappear', (t) => {
	t.deepEqual(deriveSourceEntries([['empty.list', '# nothing\n']]), []);
});
