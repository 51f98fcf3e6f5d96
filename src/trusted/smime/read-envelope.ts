import type {Asn1Element} from '../../wire/asn1/index.js';
import {readAuthEnvelopedData} from './auth-enveloped-data.js';
import {contentTypes, readContentInfo} from './content-info.js';
import type {Envelope} from './envelope.js';
import {readEnvelopedData} from './enveloped-data.js';
import type {LegacyAlgorithms} from './legacy-algorithm.js';
import {refuse} from './refusal.js';

/** Reads a ContentInfo with either kind of envelope. */
export function readEnvelope(root: Asn1Element, legacy: LegacyAlgorithms): Envelope {
	const {contentType, content} = readContentInfo(root);
	if (contentType === contentTypes.authEnvelopedData) {
		return readAuthEnvelopedData(content);
	}

	return contentType === contentTypes.envelopedData
		? readEnvelopedData(content, legacy)
		: refuse('UNSUPPORTED', `Expected EnvelopedData or AuthEnvelopedData, got ${contentType}.`);
}
