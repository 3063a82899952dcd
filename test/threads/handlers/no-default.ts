/** A module that exports its handler by another name. */
export const handler = () => 'unheard'
