/** What the exit code of `sallyport smime` says (docs/command-line.md). Options and files that cannot be used are 1, as everywhere. */
export const exitCodes = {
	done: 0,
	/** It is no S/MIME that we read, or not for any key that was given, or its encryption does not hold. */
	notOpened: 2,
	/** A signature is missing or does not verify. */
	notSigned: 3,
	/** The signature verifies, and nobody vouches for its signer, or it is somebody else than was asked for. */
	notTrusted: 4,
} as const;

export type Outcome = keyof typeof exitCodes;
