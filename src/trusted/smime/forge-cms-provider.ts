import {ForgeArithmetic} from './forge-arithmetic.js';
import type {PrivateKeyOperations} from './private-key-operations.js';
import {StructuredCmsProvider} from './structured-cms-provider.js';

/** CMS by our own reader and writer, and node-forge's arithmetic: RSA and AES-CBC, all else is `NOT_CAPABLE`. */
export class ForgeCmsProvider extends StructuredCmsProvider {
	constructor({privateKeys}: {readonly privateKeys: PrivateKeyOperations}) {
		super('forge', new ForgeArithmetic(), privateKeys);
	}
}
