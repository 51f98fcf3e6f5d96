import type {Result} from '../../base/result.js';
import type {CmsFailure} from './cms-provider.js';
import type {HashName} from './hash-algorithm.js';
import {LegacyAlgorithms} from './legacy-algorithm.js';
import {readStructure} from './refusal.js';
import {readSignedData} from './signed-data.js';

/** The digests of the signatures in a ContentInfo with SignedData, each once: what `micalg` has to name (RFC 8551 §3.5.3.2). */
export function signatureDigests(contentInfo: Uint8Array): Result<readonly HashName[], CmsFailure> {
	return readStructure(contentInfo, 'ber', (root) => [
		...new Set(
			readSignedData(root, new LegacyAlgorithms()).signers.flatMap(({digest}) => (digest === 'sha1' ? [] : [digest])),
		),
	]);
}
