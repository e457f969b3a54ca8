exports.handler = async (event) => {
  const said = { greeting: process.env.GREETING, path: event.path };
  return event.requestContext ? { statusCode: 200, body: JSON.stringify(said) } : said;
};
