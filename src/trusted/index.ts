/**
 * Floor 3: the only floor that holds keys. `toolbox/` judges messages and keeps the ledger, `media/` touches packets, `smime/`
 * reads and writes sealed bodies, `certificates/` says who somebody is.
 */
export * from './smime/index.js';
export * from './toolbox/index.js';
