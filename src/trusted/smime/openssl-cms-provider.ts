import type {CryptoPool} from './crypto-pool.js';
import {OpenSslArithmetic} from './openssl-arithmetic.js';
import type {PrivateKeyOperations} from './private-key-operations.js';
import {StructuredCmsProvider} from './structured-cms-provider.js';

/** CMS by our own reader and writer, and OpenSSL's arithmetic through `node:crypto`. */
export class OpenSslCmsProvider extends StructuredCmsProvider {
	/** `pool` does the public-key work and is closed with the provider; `privateKeys` may live in it or elsewhere. */
	constructor({privateKeys, pool}: {readonly privateKeys: PrivateKeyOperations; readonly pool: CryptoPool}) {
		super('openssl', new OpenSslArithmetic(pool), privateKeys);
	}
}
