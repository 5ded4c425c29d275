const repository = 'cdk-multi-region-payments/cdk-multi-region-payments';

/** The version in the repository: releases get theirs from a tag. */
const unreleased = '0.0.0';

/** Whether a version is one that registries have. */
export const isReleased = (version: string): boolean => version !== unreleased;

/** The tag of a version; the branch where versions come from, for one that is not released. */
const tagOf = (version: string): string => (isReleased(version) ? `v${version}` : 'main');

/** Where the documents of one version are read: a folder's address, without a slash at its end. */
export const documentsOf = (version: string): string => `https://github.com/${repository}/blob/${tagOf(version)}`;

/** Where the pictures of one version are fetched from, by pages that show the README elsewhere. */
export const picturesOf = (version: string): string => `https://raw.githubusercontent.com/${repository}/${tagOf(version)}`;
