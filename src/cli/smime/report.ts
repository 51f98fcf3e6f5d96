import type {Layer, SignerLayer, Unwrapped} from './layers.js';

/** What came of a message, in plain words: one line for each layer, from the outside to the inside. */
export function inWords({layers, failure, outcome}: Omit<Unwrapped, 'content'>): string {
	const lines = layers.flatMap(layerInWords);
	if (failure) {
		lines.push(`${problems[outcome]}: ${failure.message} (${failure.code})`);
	}

	return `${lines.join('\n')}\n`;
}

export function recipientsInWords(count: number): string {
	return count === 1 ? '1 recipient' : `${count} recipients`;
}

function layerInWords(layer: Layer): readonly string[] {
	switch (layer.layer) {
		case 'encrypted': {
			const {cipher, recipients, openedBy} = layer;
			const opened = openedBy === undefined ? '' : `; opened with the key of ${openedBy}`;
			const whom = recipientsInWords(recipients.length);
			return [`encrypted with ${cipher} for ${whom}${opened}`, ...recipients.map((recipient) => `  for ${recipient}`)];
		}
		case 'signed':
			return layer.signers.map((signer) => `signed (${layer.form}) by ${signerInWords(signer)}`);
		default:
			return [`content: ${layer.type}, ${layer.octets} octets`];
	}
}

function signerInWords({subject, names, scheme, signedAt, trusted, why, fingerprint}: SignerLayer): string {
	const who = names.length === 0 ? subject : `${names.join(', ')} (${subject})`;
	const when = signedAt === null ? 'at a time that it does not say' : `at ${signedAt}`;
	const trust = trusted === null ? 'nobody was asked to vouch for it' : trusted ? 'trusted' : `NOT TRUSTED: ${why}`;
	return `${who} ${when} with ${scheme}: the signature is right; ${trust}\n  certificate ${fingerprint}`;
}

const problems = {
	done: 'done',
	notOpened: 'not opened',
	notSigned: 'not validly signed',
	notTrusted: 'not trusted',
} as const;
