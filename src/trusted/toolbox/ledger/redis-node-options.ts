/** One of the stores that make up a ledger: an address (`redis://…`), or a name that Sentinels look up. */
export type RedisNodeOptions =
	| string
	| {readonly sentinels: readonly {readonly host: string; readonly port: number}[]; readonly name: string};
