# The command line as an image, for `hypergrad sweep --k8s`:
#
#   npm pack && docker build -t hypergrad .
#
# The packed file knows the commit that it was built from, which is part of a run's record. Debian, as the compiled engine
# needs glibc.
FROM node:22-slim
COPY hypergrad-*.tgz /tmp/package/
RUN npm install --global /tmp/package/hypergrad-*.tgz && rm -r /tmp/package && npm cache clean --force
USER node
WORKDIR /work
ENTRYPOINT ["hypergrad"]
