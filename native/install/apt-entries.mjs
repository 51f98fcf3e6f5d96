// apt's source lists, rewritten to ask for source packages. Both formats of sources.list(5) are kept as they are but for
// the type, so that options such as Signed-By stay in force.

/**
 * Takes and gives `[file name, text]`: `.list` files in the one-line format, `.sources` files in deb822 format.
 * Entries that are disabled or on a disc are left out; files without an entry too.
 */
export function deriveSourceEntries(files) {
	return files
		.map(([name, text]) => [name, name.endsWith('.sources') ? deriveStanzas(text) : deriveLines(text)])
		.filter(([, text]) => text !== '');
}

function deriveLines(text) {
	const lines = text
		.split('\n')
		.map((line) => line.match(/^\s*deb(?:-src)?\s+(.*)$/)?.[1])
		.filter((entry) => entry !== undefined && !/(^|\]\s*)cdrom:/.test(entry));
	return [...new Set(lines)].map((entry) => `deb-src ${entry}\n`).join('');
}

function deriveStanzas(text) {
	return text
		.split(/\n(?:[ \t]*\n)+/)
		.filter((stanza) => /^Types:.*\bdeb\b/im.test(stanza))
		.filter((stanza) => !/^Enabled:\s*(no|false|without|off|disable)\b/im.test(stanza))
		.filter((stanza) => !/^URIs:\s*cdrom:/im.test(stanza))
		.map((stanza) => `${stanza.trim().replace(/^Types:.*$/im, 'Types: deb-src')}\n`)
		.join('\n');
}
